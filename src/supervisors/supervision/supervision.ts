import type { Context, ExitReason, Ignore, ShutdownExit } from "../../actors/kernel/index.ts";
import type { Child, ChildInfo, SupervisionEvent } from "./child.ts";
import {
  ChildAdmin,
  type ChildCounts,
  type RestartOptions,
  type StartedChild,
  type StartOptions,
} from "./child-admin.ts";
import { ChildLives } from "./child-lives.ts";
import type { ChildSpec, ResolvedSpec } from "./child-spec.ts";
import { ChildTable, type Family, isClosing, unlessEnded } from "./child-table.ts";
import { StartFailedError } from "./errors.ts";
import { parted, tellGone, tellRefused } from "./gone.ts";
import { checkSpecs } from "./resolve-spec.ts";
import { type GiveUpCause, Restarts } from "./restarts.ts";
import { stopSteps } from "./stop-order.ts";
import type { ChildId } from "./strategy.ts";
import { resolveFlags, type SupervisionFlags } from "./supervisor-flags.ts";

/** What a supervision asks of the actor whose children it decides over. */
export interface SupervisionHooks {
  /** Hear of everything that happens to the children. Must not throw. */
  readonly onEvent?: ((event: SupervisionEvent) => void) | undefined;
  /** A child ended, by itself or with its group, and its policy does not start it again. Default: nobody hears of it. */
  readonly onLeft?: ((id: ChildId, reason: ExitReason) => void) | undefined;
  /** A child failed beyond its limits. All children have ended; the owner should end with `reason`. */
  readonly onGiveUp: (reason: ShutdownExit) => void;
  /** The significant children have finished. All children have ended; the owner should end with `reason`. */
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
  /** Stop a child, by id or pid, and whoever depends on it, or call its restart off. Its slot stays, unless it is temporary or dynamic. */
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
  readonly #family: Family;
  readonly #lives: ChildLives;
  readonly #restarts: Restarts;
  readonly #admin: ChildAdmin;
  readonly #hooks: SupervisionHooks;
  #stopped: Promise<void> | undefined;

  constructor(context: Context<never>, flags: SupervisionFlags, hooks: SupervisionHooks) {
    this.#hooks = hooks;
    this.#family = {
      context,
      flags: resolveFlags(flags),
      children: new ChildTable(),
      emit: (event) => unlessEnded(() => hooks.onEvent?.(event)),
      living: new Map(),
      significant: new Set(),
      closings: new Set(),
      closing: false,
      initialFailure: undefined,
    };
    this.#lives = new ChildLives(this.#family, (child, reason) =>
      this.#restarts.ended(child, reason),
    );
    this.#restarts = new Restarts(this.#family, this.#lives, {
      giveUp: (child, cause, reason) => void this.#giveUp(child, cause, reason),
      left: ({ id, lastExit }) => unlessEnded(() => hooks.onLeft?.(id, lastExit?.reason ?? parted)),
      significantEnded: () => void this.#significantEnded(),
    });
    this.#admin = new ChildAdmin(this.#family, this.#lives, this.#restarts);
    // Owned first, so released last: also after a kill, when nobody stops the children one by one.
    context.own(() => this.#closeAll());
  }

  async startAll(specs: readonly ChildSpec[]): Promise<void> {
    checkSpecs(specs, this.#family.flags.autoShutdown);
    const { signal } = this.#family.context;
    const stop = () => void this.stopAll();
    signal.addEventListener("abort", stop, { once: true });
    const failure = await this.#startEach(specs);
    signal.removeEventListener("abort", stop);
    this.#family.initialFailure = undefined;
    if (failure === undefined) return;
    await this.stopAll();
    const begun = this.#family.children;
    const others = specs.filter(({ id }) => begun.get(id) === undefined);
    await Promise.all(others.map((spec) => tellRefused(this.#family, spec, failure)));
    throw failure;
  }

  startChild<Message>(
    spec: ChildSpec<Message>,
    options: StartOptions = {},
  ): Promise<StartedChild<Message> | Ignore> {
    return this.#admin.start(spec as ChildSpec, options);
  }

  terminateChild(child: ChildId | number): Promise<void> {
    return this.#admin.terminate(child);
  }

  restartChild(id: ChildId, options: RestartOptions = {}): Promise<StartedChild | Ignore> {
    return this.#admin.restart(id, options);
  }

  async deleteChild(id: ChildId): Promise<void> {
    this.#admin.delete(id);
  }

  children(): readonly ChildInfo[] {
    return this.#admin.children();
  }

  child(id: ChildId): ChildInfo | undefined {
    return this.#admin.child(id);
  }

  childSpec(id: ChildId): ResolvedSpec | undefined {
    return this.#admin.spec(id);
  }

  counts(): ChildCounts {
    return this.#admin.counts();
  }

  stopAll(reason: ExitReason = parted): Promise<void> {
    this.#stopped ??= this.#stopAll(reason);
    return this.#stopped;
  }

  async #startEach(specs: readonly ChildSpec[]): Promise<StartFailedError | undefined> {
    let failure: StartFailedError | undefined;
    const path = this.#family.context.self.path;
    this.#family.initialFailure = (child, reason) => {
      failure ??= new StartFailedError(path, child.id, reason);
      void this.stopAll();
    };
    for (const spec of specs) {
      if (isClosing(this.#family)) break;
      const child = this.#admin.admit(spec);
      const outcome = await this.#lives.start(child);
      this.#admin.note(child, outcome);
      if (outcome.type !== "failed") continue;
      tellGone(this.#family, child, "not-started", outcome.cause);
      return new StartFailedError(path, child.id, outcome.reason, { cause: outcome.cause });
    }
    return failure;
  }

  async #stopAll(reason: ExitReason): Promise<void> {
    this.#family.closing = true;
    this.#restarts.callOff();
    const { children, flags } = this.#family;
    const started = children.inOrder();
    const stop = async (child: Child) => await this.#stopForGood(child, reason);
    const steps = flags.dynamic ? [started] : stopSteps(started);
    for (const step of steps) await Promise.all(step.map(stop));
    await Promise.all(this.#family.closings);
  }

  async #closeAll(): Promise<void> {
    for (const child of this.#family.children.inOrder()) {
      tellGone(this.#family, child, "owner-ended");
    }
    await Promise.all(this.#family.closings);
  }

  async #stopForGood(child: Child, reason: ExitReason): Promise<void> {
    await this.#lives.stop(child, reason);
    if (child.status !== "stopped" && child.status !== "ignored") child.stoppedBy("group");
    tellGone(this.#family, child, "owner-ended");
  }

  async #giveUp(child: Child, cause: GiveUpCause, reason: ExitReason): Promise<void> {
    this.#family.emit({ type: "gave-up", id: child.id, cause, reason });
    await this.stopAll();
    const detail = { child: child.id, lastReason: reason };
    unlessEnded(() => this.#hooks.onGiveUp({ type: "shutdown", cause, detail }));
  }

  async #significantEnded(): Promise<void> {
    const { flags, significant } = this.#family;
    if (isClosing(this.#family)) return;
    if (flags.autoShutdown === "all-significant" && someLives(significant)) return;
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
