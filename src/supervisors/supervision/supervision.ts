import {
  type Context,
  type ExitReason,
  type Ignore,
  ignore,
  type Ref,
  type ShutdownExit,
} from "../../actors/kernel/index.ts";
import { admit, checkIdle, checkOpen, childOf, FirstStarts, restarted } from "./admission.ts";
import { Attempts } from "./attempts.ts";
import type { Child, ChildInfo, SupervisionEvent } from "./child.ts";
import type { ChildSpec, ResolvedSpec } from "./child-spec.ts";
import { ChildTable } from "./child-table.ts";
import type { ChildCounts, RestartOptions, StartedChild, StartOptions } from "./child-verbs.ts";
import {
  type ChildrenState,
  forget,
  forgetUnlessKept,
  isClosing,
  parted,
  tellGone,
  tellLeftAtRest,
  tellRefused,
  unlessEnded,
} from "./children-state.ts";
import { Endings, type GivingUp } from "./endings.ts";
import { StartFailedError } from "./errors.ts";
import { checkSpecs } from "./resolve-spec.ts";
import { Restarts } from "./restarts.ts";
import { type ChildId, stoppedWith, stopSteps } from "./strategy.ts";
import { resolveFlags, type SupervisionFlags } from "./supervisor-flags.ts";

/** The ways in which a supervision acts on the actor whose children it decides over. */
export interface SupervisionHooks {
  /** Called for everything that happens to the children. Must not throw. */
  readonly onEvent?: ((event: SupervisionEvent) => void) | undefined;
  /** Called when a child ended, by itself or with its group, and its policy does not start it again. Default: nothing. */
  readonly onLeft?: ((id: ChildId, reason: ExitReason) => void) | undefined;
  /** Called when a child failed beyond its limits. All children have ended; the owner should end with `reason`. */
  readonly onGiveUp: (reason: ShutdownExit) => void;
  /** Called when the significant children have finished. All children have ended; the owner should end with `reason`. */
  readonly onAutoShutdown: (reason: ShutdownExit) => void;
}

/** Decides over the children of one actor. */
export interface Supervision {
  /**
   * Start these in order, each when the one before has started. Rejects with StartFailedError when one
   * fails, or one that should be running ends meanwhile, or the owner is stopped; those started are stopped in reverse by then.
   */
  startAll(specs: readonly ChildSpec[]): Promise<void>;
  /**
   * Add a child at the end of the start order. Rejects, and keeps nothing, when it does not start;
   * aborting `signal`, or `terminateChild` meanwhile, calls the start off.
   */
  startChild<Message = unknown>(
    spec: ChildSpec<Message>,
    options?: StartOptions | undefined,
  ): Promise<StartedChild<Message> | Ignore>;
  /** Stop a child, by id or pid, and the children that depend on it, or cancel its restart. Its slot stays, unless it is temporary or dynamic. */
  terminateChild(child: ChildId | number): Promise<void>;
  /**
   * Start a stopped child again in its old place, and those that depend on it. With `force` a running
   * one is stopped first, and one that waits for its restart waits no longer; should it then fail to
   * start, it is restarted by its policy.
   */
  restartChild(id: ChildId, options?: RestartOptions | undefined): Promise<StartedChild | Ignore>;
  /** Forget a child that does not run. */
  deleteChild(id: ChildId): Promise<void>;
  /** All children in start order. */
  children(): readonly ChildInfo[];
  child(id: ChildId): ChildInfo | undefined;
  /** The address of a child: it reaches whichever attempt lives. Undefined when there is none of this id. */
  address(id: ChildId): Ref | undefined;
  /** The spec of a child with every default filled in. */
  childSpec(id: ChildId): ResolvedSpec | undefined;
  counts(): ChildCounts;
  /** Stop all children in reverse start order, each by its own rule, and start none any more. Never rejects. */
  stopAll(reason?: ExitReason): Promise<void>;
}

/** Make the supervision of what will be children of the actor that `context` belongs to. */
export function createSupervision(
  context: Context<never>,
  flags: SupervisionFlags,
  hooks: SupervisionHooks,
): Supervision {
  return new ActorSupervision(context, flags, hooks);
}

class ActorSupervision implements Supervision {
  readonly #state: ChildrenState;
  readonly #attempts: Attempts;
  readonly #restarts: Restarts;
  readonly #endings: Endings;
  readonly #firstStarts: FirstStarts;
  readonly #hooks: SupervisionHooks;
  #stopped: Promise<void> | undefined;

  constructor(context: Context<never>, flags: SupervisionFlags, hooks: SupervisionHooks) {
    this.#hooks = hooks;
    this.#state = {
      context,
      flags: resolveFlags(flags),
      children: new ChildTable(),
      emit: (event) => unlessEnded(() => hooks.onEvent?.(event)),
      living: new Map(),
      significant: new Set(),
      closings: new Set(),
      closing: false,
      ended: false,
      initialFailure: undefined,
    };
    this.#attempts = new Attempts(this.#state, (...end) => this.#endings.ended(...end));
    this.#firstStarts = new FirstStarts(this.#state, this.#attempts);
    this.#restarts = new Restarts(this.#state, this.#attempts, {
      startFailed: (...end) => this.#endings.startFailed(...end),
      leave: (child) => this.#endings.leave(child),
      leaveWithGroup: (child) => this.#endings.leaveWithGroup(child),
    });
    this.#endings = new Endings(this.#state, this.#restarts, {
      giveUp: (...end) => void this.#giveUp(...end),
      left: ({ id, lastExit }) => unlessEnded(() => hooks.onLeft?.(id, lastExit?.reason ?? parted)),
      significantEnded: () => void this.#significantEnded(),
    });
    // Owned first, so released last: also after a kill, when nobody stops the children one by one.
    context.own(() => this.#closeAll());
  }

  async startAll(specs: readonly ChildSpec[]): Promise<void> {
    checkSpecs(specs, this.#state.flags.autoShutdown);
    const { signal } = this.#state.context;
    const stop = () => void this.stopAll();
    signal.addEventListener("abort", stop, { once: true });
    const failure = await this.#startEach(specs);
    signal.removeEventListener("abort", stop);
    this.#state.initialFailure = undefined;
    if (failure === undefined) return;
    await this.stopAll();
    const others = specs.filter(({ id }) => this.#state.children.get(id) === undefined);
    await Promise.all(others.map((spec) => tellRefused(this.#state, spec, failure)));
    throw failure;
  }

  async startChild<Message>(
    spec: ChildSpec<Message>,
    { signal }: StartOptions = {},
  ): Promise<StartedChild<Message> | Ignore> {
    let child: Child;
    try {
      child = admit(this.#state, spec as ChildSpec);
    } catch (refusal) {
      await tellRefused(this.#state, spec as ChildSpec, refusal);
      throw refusal;
    }
    const callOff = () => void this.#firstStarts.callOff(child);
    signal?.addEventListener("abort", callOff, { once: true });
    try {
      const coming = this.#firstStarts.start(child);
      if (signal?.aborted) callOff();
      const outcome = await coming;
      if (outcome.type === "failed") {
        forget(this.#state, child);
        const { reason, cause } = outcome;
        throw new StartFailedError(this.#path, child.id, reason, { cause });
      }
      if (outcome.type === "called-off") await restarted(child);
      return this.#result(child) as StartedChild<Message> | Ignore;
    } finally {
      signal?.removeEventListener("abort", callOff);
      await child.closing;
    }
  }

  async terminateChild(which: ChildId | number): Promise<void> {
    const child = childOf(this.#state, which);
    const group = this.#state.children.withDependents(child);
    const left = group.flatMap((one) => one.operation?.drop(one) ?? []);
    for (const one of group.toReversed()) {
      const asked = one === child;
      const reason: ExitReason = asked
        ? { type: "shutdown", cause: "api" }
        : stoppedWith(child.id, "api", "dependsOn");
      await this.#attempts.stop(one, reason);
      this.#settle(one, asked);
    }
    tellLeftAtRest(this.#state, left);
    await Promise.all(group.map(({ closing }) => closing));
  }

  async restartChild(
    id: ChildId,
    { force = false }: RestartOptions = {},
  ): Promise<StartedChild | Ignore> {
    checkOpen(this.#state);
    const child = childOf(this.#state, id);
    if (!force) checkIdle(this.#state, child);
    this.#restarts.byRequest(child, force ? "by-policy" : "once");
    await restarted(child);
    await child.closing;
    return this.#result(child);
  }

  async deleteChild(id: ChildId): Promise<void> {
    const child = childOf(this.#state, id);
    checkIdle(this.#state, child);
    forget(this.#state, child);
  }

  children(): readonly ChildInfo[] {
    return this.#state.children.inOrder().map((child) => child.info());
  }

  child(id: ChildId): ChildInfo | undefined {
    return this.#state.children.get(id)?.info();
  }

  address(id: ChildId): Ref | undefined {
    return this.#state.children.get(id)?.slot.address;
  }

  childSpec(id: ChildId): ResolvedSpec | undefined {
    return this.#state.children.get(id)?.spec;
  }

  counts(): ChildCounts {
    const children = this.#state.children.inOrder();
    const supervisors = children.filter(({ spec }) => spec.type === "supervisor").length;
    return {
      specs: this.#state.flags.dynamic ? 1 : children.length,
      active: children.filter(({ status }) => status === "running").length,
      supervisors,
      workers: children.length - supervisors,
    };
  }

  stopAll(reason: ExitReason = parted): Promise<void> {
    this.#stopped ??= this.#stopAll(reason);
    return this.#stopped;
  }

  get #path(): string {
    return this.#state.context.self.path;
  }

  async #startEach(specs: readonly ChildSpec[]): Promise<StartFailedError | undefined> {
    let failure: StartFailedError | undefined;
    this.#state.initialFailure = (child, reason) => {
      failure ??= new StartFailedError(this.#path, child.id, reason);
      void this.stopAll();
    };
    for (const spec of specs) {
      if (isClosing(this.#state)) break;
      const child = admit(this.#state, spec);
      const outcome = await this.#firstStarts.start(child);
      if (outcome.type !== "failed") continue;
      const { reason, cause } = outcome;
      return new StartFailedError(this.#path, child.id, reason, { cause });
    }
    return failure;
  }

  /** Note the end of a child that was terminated, or that depends on one that was. */
  #settle(child: Child, asked: boolean): void {
    if (child.ref !== undefined) return;
    const { status, by } = child;
    tellGone(this.#state, child, "terminated");
    if (asked) {
      forgetUnlessKept(this.#state, child);
      if (status !== "stopped" || by === "group") child.stoppedBy("api");
    } else if (status !== "stopped" && status !== "ignored") {
      child.stoppedBy("group");
    }
  }

  #result(child: Child): StartedChild | Ignore {
    if (child.status === "ignored") return ignore;
    if (child.status === "running" && child.ref !== undefined) {
      return { id: child.id, ref: child.ref, address: child.slot.address };
    }
    const reason = child.lastExit?.reason ?? { type: "shutdown", cause: "api" };
    throw new StartFailedError(this.#path, child.id, reason);
  }

  async #stopAll(reason: ExitReason): Promise<void> {
    this.#state.closing = true;
    this.#restarts.callOff();
    const { children, flags } = this.#state;
    const started = children.inOrder();
    const stop = async (child: Child) => await this.#stopForGood(child, reason);
    const steps = flags.dynamic ? [started] : stopSteps(started);
    for (const step of steps) await Promise.all(step.map(stop));
    await Promise.all(this.#state.closings);
  }

  async #stopForGood(child: Child, reason: ExitReason): Promise<void> {
    await this.#attempts.stop(child, reason);
    if (child.status !== "stopped" && child.status !== "ignored") child.stoppedBy("group");
    tellGone(this.#state, child, "owner-ended");
  }

  async #closeAll(): Promise<void> {
    this.#state.ended = true;
    for (const child of this.#state.children.inOrder()) tellGone(this.#state, child, "owner-ended");
    await Promise.all(this.#state.closings);
  }

  async #giveUp(child: Child, why: GivingUp, reason: ExitReason): Promise<void> {
    const { cause } = why;
    const limit = why.cause === "intensity" ? { limit: why.limit } : {};
    this.#state.emit({ type: "gave-up", id: child.id, cause, reason, ...limit });
    await this.stopAll();
    const detail = { child: child.id, lastReason: reason, ...limit };
    unlessEnded(() => this.#hooks.onGiveUp({ type: "shutdown", cause, detail }));
  }

  async #significantEnded(): Promise<void> {
    const { flags, significant } = this.#state;
    if (isClosing(this.#state)) return;
    const staying = [...significant].filter((child) => !this.#restarts.takesAway(child));
    if (flags.autoShutdown === "all-significant" && someLives(staying)) return;
    await this.stopAll();
    unlessEnded(() => this.#hooks.onAutoShutdown({ type: "shutdown", cause: "auto-shutdown" }));
  }
}

function someLives(children: Iterable<Child>): boolean {
  for (const { status, operation } of children) {
    if (operation !== undefined || (status !== "stopped" && status !== "ignored")) return true;
  }
  return false;
}
