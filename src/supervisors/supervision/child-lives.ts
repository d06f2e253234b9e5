import { type ExitReason, errorExit, type Ref } from "../../actors/kernel/index.ts";
import type { Child } from "./child.ts";
import { type Family, isClosing } from "./child-table.ts";
import { Incarnation } from "./incarnation.ts";

/** How the start of an incarnation went. `called-off`: it was stopped, or its end is another's business by now. */
export type StartOutcome =
  | { readonly type: "running"; readonly ref: Ref }
  | { readonly type: "ignored" }
  | { readonly type: "called-off" }
  | { readonly type: "failed"; readonly reason: ExitReason; readonly cause: unknown };

/** Begins and ends incarnations; decides nothing. */
export class ChildLives {
  readonly #family: Family;
  readonly #onExit: (child: Child, reason: ExitReason) => void;

  /** `onExit` hears of every running child that ended without having been stopped here. */
  constructor(family: Family, onExit: (child: Child, reason: ExitReason) => void) {
    this.#family = family;
    this.#onExit = onExit;
  }

  /** Start the next incarnation. Never rejects. */
  async start(child: Child): Promise<StartOutcome> {
    if (isClosing(this.#family)) return { type: "called-off" };
    child.status = "starting";
    child.starts += 1;
    const { starts } = child;
    if (child.closing !== undefined && child.spec.gone !== undefined) await child.closing;
    const obstacle = child.spec.exclusive ? await this.#obstacle(child) : undefined;
    if (obstacle?.type === "failed") {
      child.lastExit = { epoch: child.epoch, reason: obstacle.reason };
    }
    if (obstacle !== undefined) return obstacle;
    return isToStart(child, starts) ? this.#begin(child) : { type: "called-off" };
  }

  /** Stop the incarnation that lives, if one does, by the child's own rule. Leaves it in `stopping`. Never rejects. */
  stop(child: Child, reason: ExitReason): Promise<void> {
    child.wake?.();
    if (child.ref === undefined) return Promise.resolve();
    child.stopping ??= this.#stop(child, child.ref, reason);
    return child.stopping;
  }

  async #begin(child: Child): Promise<StartOutcome> {
    const ref = this.#launch(child);
    try {
      const runs = await ref.started;
      if (runs) return this.#succeeded(child, ref);
      await ref.exited;
    } catch (cause) {
      return this.#failed(child, ref, { reason: await ref.exited, cause });
    }
    if (!isStarting(child, ref)) return { type: "called-off" };
    this.#bury(child, ref);
    child.status = "ignored";
    return { type: "ignored" };
  }

  /** Wait until nothing is left of earlier incarnations. Resolves to why not to start, if so. */
  async #obstacle(child: Child): Promise<StartOutcome | undefined> {
    const { clock } = this.#family.context;
    const { exclusiveTimeoutMs } = child.spec;
    const gone = child.slot.settled().then(() => undefined);
    const waited = new Promise<StartOutcome>((resolve) => {
      const timer = clock.setTimer(exclusiveTimeoutMs, () =>
        resolve(leftBehind(exclusiveTimeoutMs)),
      );
      const wake = (): void => {
        timer.cancel();
        child.wake = undefined;
        resolve({ type: "called-off" });
      };
      child.wake = wake;
      void gone.then(() => child.wake === wake && wake());
    });
    return Promise.race([gone, waited]);
  }

  #launch(child: Child): Ref {
    const { spec } = child;
    child.by = undefined;
    child.closing = undefined;
    child.nextAt = undefined;
    const { kind, startTimeoutMs, shutdownMs } = spec;
    const ref = child.slot.start(new Incarnation(spec), { kind, startTimeoutMs, shutdownMs });
    child.ref = ref;
    this.#family.living.set(ref.pid, child);
    child.epoch = ref.epoch;
    return ref;
  }

  #succeeded(child: Child, ref: Ref): StartOutcome {
    if (!isStarting(child, ref)) return { type: "called-off" };
    child.status = "running";
    if (child.spec.significant) this.#family.significant.add(child);
    child.runningSince = this.#family.context.clock.now();
    void ref.exited.then((reason) => {
      if (child.ref !== ref || child.stopping !== undefined) return;
      this.#bury(child, ref, reason);
      this.#onExit(child, reason);
    });
    return { type: "running", ref };
  }

  #failed(
    child: Child,
    ref: Ref,
    failure: { readonly reason: ExitReason; readonly cause: unknown },
  ): StartOutcome {
    if (!isStarting(child, ref)) return { type: "called-off" };
    this.#bury(child, ref, failure.reason);
    return { type: "failed", ...failure };
  }

  #bury(child: Child, ref: Ref, reason?: ExitReason): void {
    child.ref = undefined;
    this.#family.living.delete(ref.pid);
    if (reason !== undefined) child.lastExit = { epoch: child.epoch, reason };
  }

  async #stop(child: Child, ref: Ref, reason: ExitReason): Promise<void> {
    child.status = "stopping";
    const end = await ref.stop(reason, { shutdownMs: child.spec.shutdownMs });
    child.stopping = undefined;
    this.#bury(child, ref, end);
    if (isAsAsked(child, end)) return;
    this.#family.emit({ type: "shutdown-error", id: child.id, epoch: child.epoch, reason: end });
  }
}

/** A start that would find its predecessor still at work: nothing to be had by trying again. */
function leftBehind(timeoutMs: number): StartOutcome {
  const message = `what its last incarnation left behind is still there after ${timeoutMs} ms`;
  const cause = { message, code: "left-behind", retryable: false };
  return { type: "failed", reason: errorExit(cause, "lost"), cause };
}

/** Tell whether a start is still wanted after a wait, `starts` having been begun before. */
export function isToStart(child: Child, starts: number): boolean {
  return child.status === "starting" && child.starts === starts;
}

function isStarting(child: Child, ref: Ref): boolean {
  return child.ref === ref && child.status === "starting";
}

function isAsAsked({ spec }: Child, end: ExitReason): boolean {
  if (end.type === "normal") return spec.restart !== "permanent";
  if (end.type === "killed") return spec.shutdownMs === "brutal-kill";
  return end.type === "shutdown";
}
