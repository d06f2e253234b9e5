/*
 * What the compiler must take and refuse; nothing here runs. `tsc -p .` checks it: an error that does
 * not come makes its `@ts-expect-error` one.
 */
import { z } from "zod";
import {
  type Agent,
  agentProcess,
  all,
  child,
  contract,
  currentProcess,
  emit,
  expose,
  isFailed,
  jsonSchema,
  type Machine,
  type PoolHandle,
  type ProcessHandle,
  pool,
  race,
  receive,
  retry,
  type SupervisorHandle,
  settled,
  spawn,
  supervisor,
} from "../../src/index.ts";
import { testRun } from "../../src/testing.ts";

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function is<Type>() {
  return <Value>(_value: Value, ..._same: Same<Type, Value> extends true ? [] : ["differs"]) => {};
}

const bank = contract({
  events: { paid: z.object({ amount: z.number() }), opened: z.object({}) },
  endpoints: {
    pay: { input: z.object({ amount: z.number() }), output: z.object({ total: z.number() }) },
    close: {},
  },
  messages: z.object({ add: z.number() }),
});

const account = agentProcess({ contract: bank }, async (owner: string, limit?: number) => {
  const self = currentProcess(bank);

  self.emit("paid", { amount: 1 });
  // @ts-expect-error the contract has no such event
  self.emit("payed", { amount: 1 });
  // @ts-expect-error an amount is a number
  self.emit("paid", { amount: "1" });

  is<Promise<{ add: number }>>()(self.receive());
  // @ts-expect-error a message has no `sub`
  void self.receive({ where: ({ sub }) => sub === 1 });

  self.expose("pay", ({ amount }) => ({ total: amount }));
  self.expose("pay", async ({ amount }) => ({ total: amount }));
  // @ts-expect-error the contract has no such endpoint
  self.expose("pays", () => ({ total: 1 }));
  // @ts-expect-error it takes an amount
  self.expose("pay", ({ sum }) => ({ total: sum }));
  // @ts-expect-error it answers with a total
  self.expose("pay", () => ({ sum: 1 }));

  return { owner, limit: limit ?? 0 };
});

/** A process's arguments, result and endpoints. */
export async function ofHandles(): Promise<void> {
  is<Promise<{ owner: string; limit: number }>>()(account("ada"));
  // @ts-expect-error the owner is missing
  void account();
  // @ts-expect-error the owner is a string
  void account(1);

  const handle = spawn(account, "ada");
  // @ts-expect-error the owner is missing
  spawn(account);
  is<Promise<{ owner: string; limit: number }>>()(handle.result());
  is<Promise<{ total: number }>>()(handle.api.pay({ amount: 1 }));
  void handle.api.close();
  // @ts-expect-error an amount is a number
  void handle.api.pay({ amount: "1" });
  // @ts-expect-error the argument is missing
  void handle.api.pay();
  // @ts-expect-error it takes none
  void handle.api.close({});
  // @ts-expect-error the contract has no such endpoint
  void handle.api.refund();
  // @ts-expect-error a handle is never a promise
  handle.then;
  const kept: ProcessHandle<{ owner: string; limit: number }, typeof bank.shape> = handle;
  is<Promise<unknown>>()(kept.call("pay", { amount: 1 }));
}

/** Own events are typed; bubbled ones, which have a source, are not. */
export async function ofEvents(): Promise<void> {
  const handle = spawn(account, "ada");
  for await (const event of handle.events) {
    if (event.source !== undefined) {
      is<unknown>()(event.data);
      is<string>()(event.type);
      continue;
    }
    if (event.type === "paid") is<number>()(event.data.amount);
    if (event.type === "done") is<unknown>()(event.data.result);
    if (event.type === "failed") is<boolean>()(event.data.retryable);
    if (event.type === "restarting") is<number>()(event.data.delayMs);
    // @ts-expect-error the contract has no such event
    if (event.type === "payed") break;
    // @ts-expect-error not every event has an amount
    event.data.amount;
    if (isFailed(event)) is<string>()(event.data.message);
  }
}

/** Without a contract events and endpoints are open, and nothing is `any`. */
export async function ofOpenProcesses(): Promise<void> {
  const handle = spawn(agentProcess(async () => 1));
  emit("anything", { at: "all" });
  for await (const { data } of handle.events) is<unknown>()(data);
  is<Promise<unknown>>()(handle.call("whatever"));
  is<Promise<unknown>>()(receive());
  // @ts-expect-error what is received is unknown until it is looked at
  (await receive()).add;
}

/** What a handler is given is what the schema says. */
export function ofHandlers(worker: Agent): void {
  const input = z.object({ count: z.number() });
  worker.on("count", { description: "", input }, ({ count }) => is<number>()(count));
  // @ts-expect-error there is no `total`
  worker.on("count", { description: "", input }, ({ total }) => total);
  // @ts-expect-error a count is a number
  worker.on("count", { description: "", input }, (args: { count: string }) => args);
  // @ts-expect-error without an input there are no arguments
  worker.on("ping", { description: "" }, ({ count }: { count: number }) => count);
  // @ts-expect-error a model needs a description
  worker.on("ping", {}, () => {});
  expose("count", { input }, ({ count }) => is<number>()(count));
  // @ts-expect-error there is no `total`
  expose("count", { input }, ({ total }) => total);
  const raw = jsonSchema<{ count: number }>({ type: "object" });
  worker.on("raw", { description: "", input: raw }, ({ count }) => is<number>()(count));
}

/** Children of a supervisor: arguments are required where the process has some. */
export async function ofSupervisors(): Promise<void> {
  const idle = agentProcess(async () => 1);
  const maybe = agentProcess(async (n?: number) => n);
  child("idle", idle);
  child("idle", idle, [], { restart: "permanent" });
  child("maybe", maybe);
  child("account", account, ["ada"]);
  child("account", account, ["ada", 1], { startedBy: "opened" });
  const vm = child.machine("vm");
  const coder = child.agent("coder", { machine: vm });
  const shared = agentProcess(async (_machine: Machine, _agent: Agent) => {});
  child("shared", shared, (get) => [get(vm), get(coder)], { significant: true });
  child("account", account, (get) => [get(child("idle", idle)).path]);
  // @ts-expect-error get gives an agent for an agent, and no machine
  child("shared", shared, (get) => [get(coder), get(coder)]);
  // @ts-expect-error an agent lives on a machine
  child.agent("coder", { machine: coder });
  // @ts-expect-error the owner is missing
  child("account", account);
  // @ts-expect-error the owner is missing
  child("account", account, []);
  // @ts-expect-error the owner is a string
  child("account", account, [1]);
  // @ts-expect-error it takes none
  child("idle", idle, ["ada"]);
  // @ts-expect-error a policy has no such word
  child("idle", idle, [], { restart: "always" });
  // @ts-expect-error a strategy has no such word
  supervisor({ strategy: "one-for-none" });
  const handle = spawn(supervisor({ children: [child("account", account, ["ada"])] }));
  is<SupervisorHandle>()(handle);
  const added = await handle.startChild(child("idle", idle));
  is<Promise<number>>()(added.result());
  // @ts-expect-error only a supervisor's handle starts children
  spawn(idle).startChild;
}

/** `retry` keeps arguments, result and contract. */
export async function ofRetries(): Promise<void> {
  const kept = retry(account, { maxRestarts: 2 });
  is<Promise<{ owner: string; limit: number }>>()(kept("ada"));
  // @ts-expect-error the owner is missing
  void kept();
  is<Promise<{ total: number }>>()(spawn(kept, "ada").api.pay({ amount: 1 }));
  // @ts-expect-error a policy has no such field
  retry(account, { retries: 2 });
}

/** Joins are typed as those of Promise are. */
export async function ofJoins(): Promise<void> {
  const n = spawn(agentProcess(async () => 1));
  const s = spawn(agentProcess(async () => "a"));
  is<[number, string]>()(await all([n, s]));
  is<number | string>()(await race([n, s]));
  is<[PromiseSettledResult<number>, PromiseSettledResult<string>]>()(await settled([n, s]));
}

/** A pool knows its items and results. */
export async function ofPools(): Promise<void> {
  const count = agentProcess(async (word: string) => word.length);
  const made = pool({ process: count, size: 2 });
  is<Promise<readonly PromiseSettledResult<number>[]>>()(made(["a"]));
  // @ts-expect-error an item is a string
  void made([1]);
  const handle = spawn(made);
  is<PoolHandle<string, number>>()(handle);
  is<number>()(await (await handle.add("a")).result());
  // @ts-expect-error an item is a string
  void handle.add(1);
  // @ts-expect-error a pool has a size
  pool({ process: count });
  // @ts-expect-error the worker takes one item
  pool({ process: account, size: 1, item: z.object({}) });
}

/** What a test gets of a program is what the program gives. */
export async function ofTestRuns(): Promise<void> {
  const run = await testRun(account, ["ada"], {});
  is<Promise<{ owner: string; limit: number }>>()(run.finished());
  // @ts-expect-error the owner is missing
  void testRun(account, []);
}
