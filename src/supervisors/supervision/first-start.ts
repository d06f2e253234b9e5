import { type Attempts, isToStart, type StartOutcome } from "./attempts.ts";
import { delayMs } from "./backoff.ts";
import type { Child } from "./child.ts";
import {
  type ChildrenState,
  forget,
  forgetUnlessKept,
  tellGone,
  tellLeftAtRest,
} from "./children-state.ts";
import { mayRestart } from "./endings.ts";

/** Starts children that were not there before. */
export class FirstStarts {
  readonly #state: ChildrenState;
  readonly #attempts: Attempts;

  constructor(state: ChildrenState, attempts: Attempts) {
    this.#state = state;
    this.#attempts = attempts;
  }

  /** Start a child, as often as its `startAttempts` allow, and report how it went. Never rejects. */
  async start(child: Child): Promise<StartOutcome> {
    const { dependsOn } = child.spec;
    const dependency = dependsOn === undefined ? undefined : this.#state.children.get(dependsOn);
    if (dependency?.operation !== undefined) {
      const { starts } = child;
      await restarted(dependency);
      if (!isToStart(child, starts)) return { type: "called-off" };
    }
    const outcome = await this.#try(child);
    this.#report(child, outcome);
    return outcome;
  }

  /** Call a first start off, and forget the child. */
  async callOff(child: Child): Promise<void> {
    const left = child.operation?.drop(child) ?? [];
    tellLeftAtRest(this.#state, left);
    await this.#attempts.stop(child, { type: "shutdown", cause: "api" });
    child.stoppedBy("api");
    tellGone(this.#state, child, "not-started");
    forget(this.#state, child);
  }

  async #try(child: Child): Promise<StartOutcome> {
    const { startAttempts, backoff } = child.spec;
    for (let failures = 0; ; failures += 1) {
      const outcome = await this.#attempts.start(child);
      const isLast = failures + 1 >= startAttempts;
      if (outcome.type !== "failed" || isLast || !mayRestart(child.spec, outcome.reason)) {
        return outcome;
      }
      const { starts, id } = child;
      this.#state.emit({ type: "start-error", id, reason: outcome.reason });
      await this.#attempts.pause(child, delayMs(backoff, failures));
      if (!isToStart(child, starts)) return { type: "called-off" };
    }
  }

  #report(child: Child, outcome: StartOutcome): void {
    switch (outcome.type) {
      case "running": {
        const { id, epoch } = child;
        this.#state.emit({ type: "child-started", id, pid: outcome.ref.pid, epoch });
        return;
      }
      case "ignored":
        tellGone(this.#state, child, "ignored");
        forgetUnlessKept(this.#state, child);
        return;
      case "failed":
        child.stoppedBy("self");
        tellGone(this.#state, child, "not-started", outcome.cause);
        return;
      case "called-off":
        return;
      default:
        outcome satisfies never;
    }
  }
}

/** Wait for whichever restart is going to start the child; one may take it over from another. */
export async function restarted(child: Child): Promise<void> {
  while (child.operation !== undefined) await child.operation.done;
}
