import {
  AlreadyStartedError,
  type Ignore,
  ignore,
  type Ref,
  StoppedError,
} from "../../actors/kernel/index.ts";
import { Child, type ChildInfo } from "./child.ts";
import { type ChildLives, isToStart, type StartOutcome } from "./child-lives.ts";
import type { ChildSpec, ResolvedSpec } from "./child-spec.ts";
import { type Family, forget, isClosing, isForgotten } from "./child-table.ts";
import { ChildRefusedError, InvalidSpecError, StartFailedError } from "./errors.ts";
import { tellGone, tellLeftAtRest, tellRefused } from "./gone.ts";
import { resolveSpec } from "./resolve-spec.ts";
import type { Restarts } from "./restarts.ts";
import type { ChildId } from "./strategy.ts";

/** A child that was started. */
export interface StartedChild<Message = unknown> {
  readonly id: ChildId;
  /** This incarnation. */
  readonly ref: Ref<Message>;
  /** Whoever lives in the child's slot, across restarts. */
  readonly address: Ref<Message>;
}

/** How many children there are. */
export interface ChildCounts {
  /** Slots; for a dynamic supervisor its one template. */
  readonly specs: number;
  /** Children that run. */
  readonly active: number;
  readonly supervisors: number;
  readonly workers: number;
}

/** How to start one child more. */
export interface StartOptions {
  /** Calls the start off. */
  readonly signal?: AbortSignal | undefined;
}

/** How to restart a child by hand. */
export interface RestartOptions {
  /** Stop it first when it runs, and wait no longer when it waits. Default: false. */
  readonly force?: boolean | undefined;
}

/** The calls about single children. */
export class ChildAdmin {
  readonly #family: Family;
  readonly #lives: ChildLives;
  readonly #restarts: Restarts;

  constructor(family: Family, lives: ChildLives, restarts: Restarts) {
    this.#family = family;
    this.#lives = lives;
    this.#restarts = restarts;
  }

  /** Make the slot of a new child. Throws, and changes nothing, when it cannot be had. */
  admit(spec: ChildSpec): Child {
    const resolved = resolveSpec(spec, this.#family.flags.autoShutdown);
    this.#checkOpen();
    this.#checkRoom(resolved);
    const { id, kind, mailbox } = resolved;
    const slot = this.#family.context.slot({ name: id, kind, mailbox });
    const child = new Child(resolved, slot, this.#family.children.takePosition());
    this.#family.children.add(child);
    return child;
  }

  /** Take note of how a start that is no restart went. Returns whether the child runs. */
  note(child: Child, outcome: StartOutcome): boolean {
    if (outcome.type === "ignored") {
      tellGone(this.#family, child, "ignored");
      if (isForgotten(this.#family, child)) forget(this.#family, child);
    }
    if (outcome.type !== "running") return false;
    const { id, epoch } = child;
    this.#family.emit({ type: "child-started", id, pid: outcome.ref.pid, epoch });
    return true;
  }

  async start(spec: ChildSpec, { signal }: StartOptions): Promise<StartedChild | Ignore> {
    let child: Child;
    try {
      child = this.admit(spec);
    } catch (refusal) {
      await tellRefused(this.#family, spec, refusal);
      throw refusal;
    }
    const callOff = () => void this.#callOff(child);
    signal?.addEventListener("abort", callOff, { once: true });
    try {
      const coming = this.#begin(child);
      if (signal?.aborted) callOff();
      return await this.#firstStart(child, await coming);
    } finally {
      signal?.removeEventListener("abort", callOff);
      await child.closing;
    }
  }

  async terminate(which: ChildId | number): Promise<void> {
    const child = this.#find(which);
    const family = this.#family.children.withDependents(child);
    const left = family.flatMap((one) => one.operation?.drop(one) ?? []);
    for (const one of family.toReversed()) {
      await this.#lives.stop(one, { type: "shutdown", cause: "api" });
      this.#settle(one, one === child);
    }
    tellLeftAtRest(this.#family, left);
    await Promise.all(family.map(({ closing }) => closing));
  }

  async restart(id: ChildId, { force = false }: RestartOptions): Promise<StartedChild | Ignore> {
    this.#checkOpen();
    const child = this.#find(id);
    if (!force) this.#checkIdle(child);
    this.#restarts.byRequest(child, !force);
    await restarted(child);
    await child.closing;
    return this.#result(child);
  }

  delete(id: ChildId): void {
    const child = this.#find(id);
    this.#checkIdle(child);
    forget(this.#family, child);
  }

  children(): readonly ChildInfo[] {
    return this.#family.children.inOrder().map((child) => child.info());
  }

  child(id: ChildId): ChildInfo | undefined {
    return this.#family.children.get(id)?.info();
  }

  spec(id: ChildId): ResolvedSpec | undefined {
    return this.#family.children.get(id)?.spec;
  }

  counts(): ChildCounts {
    const children = this.#family.children.inOrder();
    const supervisors = children.filter(({ spec }) => spec.type === "supervisor").length;
    return {
      specs: this.#family.flags.dynamic ? 1 : children.length,
      active: children.filter(({ status }) => status === "running").length,
      supervisors,
      workers: children.length - supervisors,
    };
  }

  get #path(): string {
    return this.#family.context.self.path;
  }

  #checkOpen(): void {
    if (isClosing(this.#family)) throw new StoppedError(this.#path, "it is stopping its children");
  }

  #checkRoom({ id, dependsOn }: ResolvedSpec): void {
    const { children, flags } = this.#family;
    const taken = children.get(id);
    if (taken?.status === "running" && taken.ref !== undefined) {
      throw new AlreadyStartedError(taken.slot.path, taken.ref.pid);
    }
    if (taken !== undefined) throw this.#refused("already-present", `${id} is ${taken.status}`);
    if (children.size >= flags.maxChildren) {
      throw this.#refused(
        "max-children",
        `it has its ${flags.maxChildren} children; stop one first`,
      );
    }
    if (dependsOn !== undefined && children.get(dependsOn) === undefined) {
      throw new InvalidSpecError(
        "invalid-depends-on",
        `child ${id}: dependsOn names an earlier sibling, and ${dependsOn} is none`,
      );
    }
  }

  #find(which: ChildId | number): Child {
    const { children, living } = this.#family;
    const child = typeof which === "number" ? living.get(which) : children.get(which);
    if (child !== undefined) return child;
    throw this.#refused("not-found", `it has no child ${which}`);
  }

  #checkIdle({ id, status, operation }: Child): void {
    if (operation !== undefined || status === "restarting") {
      throw this.#refused("restarting", `${id} is going to be started; terminate it first`);
    }
    if (status === "stopped" || status === "ignored") return;
    throw this.#refused("running", `${id} is ${status}; terminate it first`);
  }

  #refused(code: string, advice: string): ChildRefusedError {
    return new ChildRefusedError(code, this.#path, advice);
  }

  /** Start a child, after what it depends on when that is being restarted. */
  async #begin(child: Child): Promise<StartOutcome> {
    const { dependsOn } = child.spec;
    const dependency = dependsOn === undefined ? undefined : this.#family.children.get(dependsOn);
    if (dependency?.operation === undefined) return this.#lives.start(child);
    const { starts } = child;
    await restarted(dependency);
    return isToStart(child, starts) ? this.#lives.start(child) : { type: "called-off" };
  }

  async #firstStart(child: Child, outcome: StartOutcome): Promise<StartedChild | Ignore> {
    if (outcome.type === "failed") {
      child.stoppedBy("self");
      tellGone(this.#family, child, "not-started", outcome.cause);
      forget(this.#family, child);
      throw new StartFailedError(this.#path, child.id, outcome.reason, { cause: outcome.cause });
    }
    this.note(child, outcome);
    if (outcome.type === "called-off") await restarted(child);
    return this.#result(child);
  }

  async #callOff(child: Child): Promise<void> {
    const left = child.operation?.drop(child) ?? [];
    tellLeftAtRest(this.#family, left);
    await this.#lives.stop(child, { type: "shutdown", cause: "api" });
    child.stoppedBy("api");
    tellGone(this.#family, child, "not-started");
    forget(this.#family, child);
  }

  #settle(child: Child, asked: boolean): void {
    if (child.ref !== undefined) return;
    const { status, by } = child;
    if (asked) {
      if (isForgotten(this.#family, child)) forget(this.#family, child);
      if (status !== "stopped" || by === "group") child.stoppedBy("api");
    } else if (status !== "stopped" && status !== "ignored") {
      child.stoppedBy("group");
    }
    tellGone(this.#family, child, "terminated");
  }

  #result(child: Child): StartedChild | Ignore {
    if (child.status === "ignored") return ignore;
    if (child.status === "running" && child.ref !== undefined) {
      return { id: child.id, ref: child.ref, address: child.slot.address };
    }
    const reason = child.lastExit?.reason ?? { type: "shutdown", cause: "api" };
    throw new StartFailedError(this.#path, child.id, reason);
  }
}

/** Wait for whichever restart is going to start the child; one may take it over from another. */
async function restarted(child: Child): Promise<void> {
  while (child.operation !== undefined) await child.operation.done;
}
