import { type InputSchema, jsonSchema } from "../../actors/agent/tools/index.ts";
import type { Image } from "../../machines/machine.ts";
import { checkName } from "../../names.ts";
import { checkOptions, type OptionKinds } from "../../options.ts";
import type { ContractShape } from "../endpoints/index.ts";
import {
  type AgentProcess,
  currentScope,
  definitionOf,
  exposeIn,
  type ProcessOptions,
  type ProcessScope,
  withoutRootOptions,
} from "../process/index.ts";
import { makeProcess } from "./agent-process.ts";
import { PoolQueue, type PoolRules } from "./pool-queue.ts";

export interface PoolOptions<Item, Result, Shape extends ContractShape> {
  /** The process that works on one item; it runs as a child named `t0001`, `t0002`, …, one run an item. */
  readonly process: AgentProcess<[item: Item], Result, Shape>;
  /** The number of items that are worked on at once; 1 never lets two overlap. */
  readonly size: number;
  /** The number of items that may wait besides. Default: 1_000. */
  readonly queue?: number | undefined;
  /** The behavior of `add` while the queue is full: wait for room, or reject with PoolFullError. Default: `wait`. */
  readonly whenFull?: "wait" | "reject" | undefined;
  /** The number of attempts at an item whose worker fails. Default: 3. */
  readonly tries?: number | undefined;
  /** The image for machines of its tasks, such as a `WorktreeImage`, which gives each task a worktree. Default: the image of the process, else the parent's. */
  readonly image?: Image | undefined;
  /** Schema of an item, for the endpoint `add`. Default: `add` takes `{ item }`, and any item. */
  readonly item?: InputSchema<Item> | undefined;
  /** 1 to 64 of a-z, 0-9, _ and -. Default: `pool`. */
  readonly name?: string | undefined;
}

const optionKinds: OptionKinds<PoolOptions<unknown, unknown, ContractShape>> = {
  process: "any",
  size: "any",
  queue: "any",
  whenFull: "any",
  tries: "any",
  image: "object",
  item: "any",
  name: "any",
};

/** The results of the items that a pool was called with, in their order. */
export type PoolResult<Result> = readonly PromiseSettledResult<Result>[];

/** A process that works on items, a bounded number at a time. */
export interface PoolProcess<Item, Result>
  extends AgentProcess<[items?: Iterable<Item> | AsyncIterable<Item>], PoolResult<Result>> {
  with(options: ProcessOptions): PoolProcess<Item, Result>;
  readonly kind: "pool";
}

/**
 * Make a process that works on items, `size` at a time, each in a process of its own.
 *
 * Called with items it works on them and is done with what came of each; called without it takes
 * items by its handle's `add` and the endpoints `add`, `tasks` and `drain`, until it is drained or
 * stopped. An item whose worker fails goes back in, up to `tries` times in all; the failure of one
 * touches no other. The workers' events bubble up with the task's id as source, beside the pool's
 * own `task-queued`, `task-started`, `task-requeued`, `task-done` and `task-failed`.
 *
 * @example
 * ```ts
 * import { agentProcess, pool } from "ramure";
 *
 * const review = agentProcess(async function review(file: string) {
 *   return `${file} is fine`;
 * });
 * const reviews = pool({ process: review, size: 2 });
 *
 * for (const outcome of await reviews(["a.ts", "b.ts", "c.ts"])) {
 *   if (outcome.status === "fulfilled") console.log(outcome.value);
 * }
 * ```
 */
export function pool<Item, Result, Shape extends ContractShape>(
  options: PoolOptions<Item, Result, Shape>,
): PoolProcess<Item, Result> {
  checkOptions("pool()", options, optionKinds);
  const { name, item, image } = options;
  if (name !== undefined) checkName("a pool", name);
  const rules = rulesOf(options);
  const process = makeProcess({
    name: name ?? "pool",
    named: name !== undefined,
    options: { image },
    start: { event: "started", timeoutMs: Number.POSITIVE_INFINITY },
    handle: "pool",
    body: (items) => serve(rules, item, items as Iterable<unknown> | undefined),
  });
  return process as unknown as PoolProcess<Item, Result>;
}

function rulesOf<Item, Result, Shape extends ContractShape>(
  options: PoolOptions<Item, Result, Shape>,
): PoolRules {
  const { process, size, queue = 1_000, tries = 3, whenFull = "wait" } = options;
  const definition = definitionOf(process);
  const worker = { ...definition, options: withoutRootOptions(definition.options) };
  demand(size >= 1 && Number.isInteger(size), "size is an integer >= 1");
  demand(queue >= 0, "queue is a number >= 0");
  demand(tries >= 1, "tries is a number >= 1");
  demand(whenFull === "wait" || whenFull === "reject", "whenFull is wait or reject");
  return { worker, size, queue, tries, whenFull };
}

function demand(holds: boolean, rule: string): void {
  if (!holds) throw new RangeError(`A pool's ${rule}.`);
}

async function serve(
  rules: PoolRules,
  schema: InputSchema<unknown> | undefined,
  items: Iterable<unknown> | AsyncIterable<unknown> | undefined,
): Promise<PoolResult<unknown>> {
  const scope = currentScope("pool");
  const queue = new PoolQueue(scope, rules);
  scope.record.service = queue;
  exposeQueue(scope, queue, schema);
  scope.record.emit("started", { size: rules.size, queue: rules.queue });
  if (items === undefined) {
    await queue.drained();
    return [];
  }
  const results: Promise<unknown>[] = [];
  for await (const item of items) results.push((await queue.add(item)).result());
  await queue.drain();
  return await Promise.allSettled(results);
}

const wrapped = jsonSchema<{ readonly item: unknown }>({
  type: "object",
  properties: { item: { description: "What to work on." } },
  required: ["item"],
  additionalProperties: false,
});

function exposeQueue(
  scope: ProcessScope,
  queue: PoolQueue,
  schema: InputSchema<unknown> | undefined,
): void {
  const add = async (item: unknown, signal: AbortSignal) => {
    const { id } = await queue.add(item, signal);
    return { id };
  };
  const description = "Add an item to work on; answers with its id once it is taken.";
  if (schema === undefined) {
    exposeIn(scope, "add", { description, input: wrapped }, ({ item }: { item: unknown }, call) =>
      add(item, call.signal),
    );
  } else {
    const options = { description, input: schema };
    exposeIn(scope, "add", options, (item: unknown, call) => add(item, call.signal));
  }
  exposeIn(scope, "tasks", { description: "List the items and how far they are." }, () =>
    queue.tasks(),
  );
  exposeIn(scope, "drain", { description: "Take no more items and finish the others." }, () => {
    void queue.drain().catch(() => {}); // It ends early only when the pool does.
  });
}
