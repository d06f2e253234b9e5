import { inWords } from "../../actors/data/index.ts";
import { ignore, StoppedError } from "../../actors/kernel/index.ts";
import { Ring } from "../../actors/ring.ts";
import { deferred, waiting } from "../../actors/wait.ts";
import {
  forgetProcess,
  limitsOf,
  type ProcessDefinition,
  type ProcessScope,
  prepareProcess,
  type Terminal,
} from "../process/index.ts";
import { bubble } from "../supervision/index.ts";
import { PoolClosedError, PoolFullError } from "./errors.ts";
import { infoOf, type PoolTask, type Task, type TaskInfo } from "./pool-task.ts";

/** The rules of one pool, every default filled in. */
export interface PoolRules {
  readonly worker: ProcessDefinition;
  readonly size: number;
  readonly queue: number;
  readonly tries: number;
  readonly whenFull: "wait" | "reject";
}

interface Waiter {
  readonly task: Task;
  readonly taken: () => void;
}

/** The finished tasks that `tasks()` still lists. */
const maxFinished = 1_000;

/** The items of one epoch of a pool, and the workers on them. */
export class PoolQueue {
  readonly #scope: ProcessScope;
  readonly #rules: PoolRules;
  readonly #queued = new Ring<Task>();
  readonly #running = new Set<Task>();
  /** All that was taken and is not finished, in order. */
  readonly #open = new Set<Task>();
  readonly #finished = new Ring<TaskInfo>();
  /** The callers that wait for room, in order. */
  readonly #waiters = new Set<Waiter>();
  readonly #drained = deferred<void>();
  readonly #ended = { done: 0, failed: 0 };
  #isToldSoon = false;
  #closed = false;
  #count = 0;

  constructor(scope: ProcessScope, rules: PoolRules) {
    this.#scope = scope;
    this.#rules = rules;
    scope.context.own(() => this.#end());
    this.#tell();
  }

  /** Take an item; when there is no room, wait for it or refuse, as the rules say. */
  async add(item: unknown, signal?: AbortSignal): Promise<PoolTask> {
    const { path } = this.#scope.record;
    if (this.#closed) throw new PoolClosedError(path);
    this.#count += 1;
    const id = `t${String(this.#count).padStart(4, "0")}`;
    const task: Task = {
      id,
      item,
      result: deferred(),
      state: "queued",
      attempt: 0,
      error: undefined,
      worker: undefined,
    };
    if (this.#hasRoom) this.#take(task);
    else if (this.#rules.whenFull === "reject") throw new PoolFullError(path, this.#rules.queue);
    else await this.#room(task, signal);
    return { id, result: () => task.result.promise };
  }

  /** Take no more; resolves when all that was taken is finished. */
  async drain(): Promise<void> {
    this.#closed = true;
    this.#pump();
    await this.drained();
  }

  /** Resolves when the pool was told to drain, and has. */
  drained(): Promise<void> {
    return waiting<void>(
      limitsOf(this.#scope, { what: "more items, or drain()" }),
      ({ resolve, reject }) => {
        this.#drained.promise.then(resolve, reject);
        return () => {};
      },
    );
  }

  /** The newest thousand that are finished, what runs, and what waits. */
  tasks(): readonly TaskInfo[] {
    const finished: TaskInfo[] = [];
    for (let n = 0; n < this.#finished.length; n += 1) {
      const info = this.#finished.at(n);
      if (info !== undefined) finished.push(info);
    }
    return [...finished, ...[...this.#open].map(infoOf)];
  }

  get #hasRoom(): boolean {
    const { size, queue } = this.#rules;
    return this.#waiters.size === 0 && this.#running.size + this.#queued.length < size + queue;
  }

  #room(task: Task, signal: AbortSignal | undefined): Promise<void> {
    const limits = limitsOf(this.#scope);
    const signals = [limits.signal, signal].filter((each) => each !== undefined);
    return waiting<void>({ ...limits, signal: AbortSignal.any(signals) }, ({ resolve }) => {
      const waiter: Waiter = { task, taken: resolve };
      this.#waiters.add(waiter);
      return () => this.#waiters.delete(waiter);
    });
  }

  #take(task: Task): void {
    this.#open.add(task);
    this.#queued.push(task);
    this.#scope.record.emit("task-queued", { id: task.id });
    this.#pump();
  }

  #pump(): void {
    const { size, queue } = this.#rules;
    this.#tellSoon();
    while (this.#running.size < size) {
      const task = this.#queued.shift();
      if (task === undefined) break;
      this.#begin(task);
    }
    for (const waiter of this.#waiters) {
      if (this.#running.size + this.#queued.length >= size + queue) return;
      this.#waiters.delete(waiter);
      this.#take(waiter.task);
      waiter.taken();
    }
    const idle = this.#running.size + this.#queued.length + this.#waiters.size === 0;
    if (idle) this.#tell();
    if (this.#closed && idle) this.#drained.resolve();
  }

  #begin(task: Task): void {
    task.attempt += 1;
    task.state = "running";
    this.#running.add(task);
    this.#scope.record.emit("task-started", { id: task.id, attempt: task.attempt });
    void this.#work(task);
  }

  /** One attempt, until nothing of its process is left. Never rejects. */
  async #work(task: Task): Promise<void> {
    let end: Terminal | undefined;
    let thrown: unknown;
    const first = task.worker === undefined;
    const { record, spec } = this.#workerOf(task);
    const stop = record.onEnd((terminal, ending) => {
      end = terminal;
      thrown = ending.thrown;
    });
    const { supervision } = this.#scope;
    try {
      const begun = first ? supervision.startChild(spec) : supervision.restartChild(task.id);
      const worker = await begun;
      if (worker !== ignore) await worker.ref.exited;
    } catch {
      // The record has heard of it, and what listens to its end.
    }
    stop();
    await this.#left(task, end, thrown);
  }

  #workerOf(task: Task): NonNullable<Task["worker"]> {
    if (task.worker !== undefined) return task.worker;
    const policy = {
      id: task.id,
      restart: "temporary",
      retain: true,
      stopTogether: true,
    } as const;
    const definition = { ...this.#rules.worker, facts: { item: inWords(task.item) } };
    const worker = prepareProcess(this.#scope, definition, [task.item], policy);
    bubble(worker.record.log, this.#scope.record.log, task.id);
    task.worker = worker;
    return worker;
  }

  async #left(task: Task, end: Terminal | undefined, thrown: unknown): Promise<void> {
    if (this.#scope.closed || this.#scope.signal.aborted) return;
    if (end?.type === "failed") task.error = end.data.message;
    if (end?.type === "failed" && end.data.retryable && task.attempt < this.#rules.tries) {
      this.#requeue(task);
    } else await this.#finish(task, end, thrown);
    this.#pump();
  }

  /** A crashed worker's item goes back in, behind those that wait; there is always room for it. */
  #requeue(task: Task): void {
    const { id, attempt, error } = task;
    this.#running.delete(task);
    task.state = "queued";
    this.#queued.push(task);
    this.#scope.record.emit("task-requeued", { id, attempt, of: this.#rules.tries, error });
  }

  async #finish(task: Task, end: Terminal | undefined, thrown: unknown): Promise<void> {
    const { id, attempt, worker } = task;
    const { record: pool, supervision } = this.#scope;
    task.state = end?.type === "done" ? "done" : "failed";
    this.#ended[task.state] += 1;
    worker?.record.result().then(task.result.resolve, task.result.reject);
    if (end?.type === "done") pool.emit("task-done", { id, attempt });
    else
      pool.emit("task-failed", { id, attempt, error: task.error ?? String(thrown ?? end?.type) });
    await supervision.deleteChild(id);
    forgetProcess(this.#scope, id);
    this.#running.delete(task);
    this.#open.delete(task);
    this.#finished.push(infoOf(task));
    if (this.#finished.length > maxFinished) this.#finished.shift();
  }

  /** Many changes of one turn of the event loop are told at once. */
  #tellSoon(): void {
    if (this.#isToldSoon) return;
    this.#isToldSoon = true;
    setImmediate(() => {
      this.#isToldSoon = false;
      if (!this.#scope.closed) this.#tell();
    });
  }

  #tell(): void {
    const [running, queued] = [this.#running.size, this.#queued.length];
    this.#scope.record.learn({ queue: { running, queued, ...this.#ended } });
  }

  #end(): void {
    this.#closed = true;
    const stopped = new StoppedError(this.#scope.record.path);
    for (const task of this.#open) task.result.reject(stopped);
  }
}
