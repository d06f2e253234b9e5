/*
 * A pool that stays open: people add tasks from a terminal, and an agent watches over it.
 *
 *   npx tsx examples/open-pool.ts
 *   ramure call open-pool:add_task title="Fix the flaky test"
 *   ramure call open-pool:tasks
 */
import {
  type Agent,
  agent,
  agentProcess,
  bubble,
  done,
  emit,
  expose,
  type ProcessHandle,
  pool,
  spawn,
  wait,
} from "ramure";
import { z } from "zod";

const taskInput = z.object({ title: z.string() });

/** One task, one agent. */
const work = agentProcess(async function work({ title }: z.infer<typeof taskInput>) {
  const worker = await agent("worker");
  worker.on(
    "finish",
    { description: "Say what you did.", input: z.object({ summary: z.string() }) },
    ({ summary }) => done(summary),
  );
  await worker.send(`${title}. Then call finish.`);
  return await wait<string>();
});

/** A service: it does nothing by itself, and everything when it is asked. */
export const openPool = agentProcess(async function openPool() {
  const workers = spawn(pool({ process: work, size: 3, queue: 100 }));
  bubble(workers); // Who follows this process sees each worker, as `pool/t0001`.
  expose(
    "add_task",
    { description: "Add a task; waits while the queue is full.", input: taskInput },
    async (task) => (await workers.add(task)).id,
  );
  expose("tasks", { description: "List the tasks and how far they are." }, () => workers.tasks());
  expose("close", { description: "Finish what is there, then end." }, () => {
    // Not awaited: whoever closes the pool does not want to wait for its work.
    void workers.drain().then(() => done("closed"));
  });
  emit("ready");
  return await wait<string>();
});

/** The same with an agent that may look at the tasks and add some, and nothing else. */
export const monitoredPool = agentProcess(async function monitoredPool() {
  const service = spawn(openPool);
  bubble(service);
  const monitor = await agent("monitor", {
    systemPrompt: "You watch over a pool of workers. Add a task for what they leave undone.",
  });
  await service.events.waitFor("ready"); // Only what is exposed can be attached.
  await service.attach(monitor, { only: ["add_task", "tasks"], prefix: "pool_" });
  void tellOfFailures(service, monitor);
  return await service.result();
});

/** Ends with the service's events, or with the process that called it. */
async function tellOfFailures(service: ProcessHandle, monitor: Agent): Promise<void> {
  for await (const { type, data } of service.events) {
    if (type === "task-failed") await monitor.send(`A task failed: ${JSON.stringify(data)}`);
  }
}

if (process.argv[1]?.endsWith("open-pool.ts")) console.log(await monitoredPool());
