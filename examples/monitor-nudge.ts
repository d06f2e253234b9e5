/*
 * One agent works, another one watches: when the worker has called no tool for a while, the monitor
 * is asked for a nudge. An agent's events are a log like a process's.
 *
 *   npx tsx examples/monitor-nudge.ts "Port lib/ to TypeScript"
 */
import { type Agent, agent, agentProcess, currentProcess, done, every, wait } from "ramure";
import { z } from "zod";

const quietMs = 60_000;

export const monitorNudge = agentProcess(async function monitorNudge(goal: string) {
  const worker = await agent("worker");
  const monitor = await agent("monitor", {
    systemPrompt: "You see what another agent does. When asked, nudge it with one short sentence.",
  });
  worker.on(
    "finish",
    { description: "Say what you did.", input: z.object({ summary: z.string() }) },
    ({ summary }) => done({ summary, nudges }),
  );
  let nudges = 0;
  monitor.on(
    "nudge",
    { description: "Tell the worker something.", input: z.object({ text: z.string() }) },
    async ({ text }) => {
      nudges += 1;
      // Comes in before the worker's next step; the default waits until it is idle.
      await worker.send(text, { deliver: "steer" });
    },
  );
  watch(worker, monitor);
  await worker.send(`${goal}. Then call finish.`);
  return await wait<{ summary: string; nudges: number }>();
});

/** Ask the monitor whenever a period passed in which the worker called no tool. */
function watch(worker: Agent, monitor: Agent): void {
  let seen: string[] = [];
  void (async () => {
    for await (const { type, data } of worker.events) {
      if (type === "tool-started") seen.push(JSON.stringify(data));
    }
  })();
  const { path } = currentProcess();
  every(quietMs, async () => {
    const quiet = seen.length === 0;
    seen = [];
    if (quiet) await monitor.send(`${path}/worker has called no tool for ${quietMs / 1_000} s.`);
  });
}

if (process.argv[1]?.endsWith("monitor-nudge.ts")) {
  console.log(await monitorNudge(process.argv[2] ?? "Write a haiku"));
}
