import { agent, agentProcess, done, jsonSchema, pool, wait } from "../../src/index.ts";
import { scriptedHarness } from "../../src/testing.ts";
import { progress } from "./progress.ts";
import { type ChaosRow, keptMb, ms } from "./report.ts";

/* A pool whose tasks each have an agent that says much: what a task held must go with it. */

const calls = 60;
const callBytes = 50_000;
/** What the heap may have grown by, as a part, since a tenth of the tasks was done. */
const allowed = 0.2;

const harness = scriptedHarness(async (one) => {
  for await (const _ of one.messages) {
    const text = one.path.padEnd(callBytes, "-");
    for (let call = 0; call < calls; call += 1) await one.call("take", { call, text });
    await one.call("finish");
  }
});

const input = jsonSchema<{ readonly text: string }>({
  type: "object",
  properties: { call: { type: "number" }, text: { type: "string" } },
});

const task = agentProcess(async function task(n: number) {
  const worker = await agent("worker", {
    prompt: `task ${n}`,
    policy: { restart: "temporary" },
  });
  worker.on("take", { description: "Take it.", input }, () => "taken");
  worker.on("finish", { description: "Be done." }, () => done(n));
  return await wait<number>();
});

export async function poolTasks(tasks: number): Promise<ChaosRow> {
  const early = Math.max(10, Math.floor(tasks / 10));
  const tell = progress("tasks of a pool", tasks);
  const start = performance.now();
  const heapMb: number[] = [];
  let finished = 0;
  const counted = agentProcess(async function counted(n: number) {
    const result = await task(n);
    finished += 1;
    tell(finished);
    if (finished === early || finished === tasks) heapMb.push(keptMb());
    return result;
  });
  const program = agentProcess({ name: "main", harness }, async () => {
    const numbers = Array.from({ length: tasks }, (_, n) => n);
    return await pool({ process: counted, size: 4 })(numbers);
  });
  await program();
  const [earlyMb = 0, lateMb = 0] = heapMb;
  const grown = lateMb / earlyMb - 1;
  return {
    what: `${tasks} tasks of a pool, each an agent with ${calls} calls of ${callBytes / 1_000} kB`,
    counts: {
      unfinished: tasks - finished,
      "% of heap over 20": Math.max(0, Math.ceil((grown - allowed) * 100)),
    },
    rates: {
      [`heap after ${early}`]: `${earlyMb.toFixed(1)} MB`,
      [`after ${tasks}`]: `${lateMb.toFixed(1)} MB`,
      "each task": ms((performance.now() - start) / tasks),
    },
  };
}
