import { NoProcError } from "../../actors/kernel/index.ts";
import {
  orStopped,
  type ProcessHandle,
  type ProcessRecord,
  RecordHandle,
  whenStarted,
} from "../process/index.ts";
import type { ChildInfo } from "../supervision/index.ts";
import { Administration, type SupervisorResult } from "./administration.ts";
import type { AnyChild, LiveChild } from "./supervised-child.ts";

/**
 * A supervisor that was started. The verbs over its children wait until it counts as started, and
 * reject with NoProcError when it does not live.
 */
export interface SupervisorHandle extends ProcessHandle<SupervisorResult> {
  /** Add a child at the end of the start order. Rejects, and keeps nothing, when it does not start or its id is taken. */
  startChild<Child extends AnyChild>(child: Child): Promise<LiveChild<Child>>;
  /** Stop a child, or call its restart off. It is not started again by itself. */
  terminateChild(id: string): Promise<void>;
  /** Start a stopped child again in its old place. Rejects with ChildRefusedError while it runs. */
  restartChild(id: string): Promise<void>;
  /** Forget a child that does not run: its id is free. */
  deleteChild(id: string): Promise<void>;
  /** All children in start order. */
  children(): Promise<readonly ChildInfo[]>;
  /** The handle of a child that is a process; undefined when there is none of this id. */
  child(id: string): ProcessHandle | undefined;
  /** Give the face of this child: a process's handle, an agent, a machine. Undefined while it has not been started. */
  child<Child extends AnyChild>(child: Child): LiveChild<Child> | undefined;
}

/** The `SupervisorHandle` of a record. */
export class SupervisorRecordHandle extends RecordHandle {
  readonly #handleOf: (record: ProcessRecord) => ProcessHandle;

  /** `handleOf` makes the handles of its children. */
  constructor(record: ProcessRecord, handleOf: (record: ProcessRecord) => ProcessHandle) {
    super(record);
    this.#handleOf = handleOf;
  }

  startChild(made: AnyChild): Promise<unknown> {
    return this.#act((administration) => administration.startChild(made));
  }

  terminateChild(id: string): Promise<void> {
    return this.#act(({ supervision }) => supervision.terminateChild(id));
  }

  restartChild(id: string): Promise<void> {
    return this.#act(async ({ supervision }) => void (await supervision.restartChild(id)));
  }

  deleteChild(id: string): Promise<void> {
    return this.#act((administration) => administration.deleteChild(id));
  }

  children(): Promise<readonly ChildInfo[]> {
    return this.#act(async ({ supervision }) => supervision.children());
  }

  child(which: string | AnyChild): unknown {
    const record = this.record();
    if (typeof which !== "string") {
      return record.service instanceof Administration ? record.service.live(which) : undefined;
    }
    const found = record.children.get(which);
    return found && this.#handleOf(found);
  }

  async #act<Value>(act: (administration: Administration) => Promise<Value>): Promise<Value> {
    const record = this.record();
    return await orStopped(
      whenStarted(record).then(() => {
        if (record.service instanceof Administration) return act(record.service);
        throw new NoProcError(record.path);
      }),
    );
  }
}
