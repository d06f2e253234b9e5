import { AlreadyStartedError, StoppedError } from "../../actors/kernel/index.ts";
import { type Attempts, isToStart, type StartOutcome } from "./attempts.ts";
import { delayMs } from "./backoff.ts";
import { Child } from "./child.ts";
import type { ChildSpec, ResolvedSpec } from "./child-spec.ts";
import {
  type ChildrenState,
  forget,
  forgetUnlessKept,
  isClosing,
  tellGone,
  tellLeftAtRest,
} from "./children-state.ts";
import { mayRestart } from "./endings.ts";
import { ChildRefusedError, InvalidSpecError } from "./errors.ts";
import { resolveSpec } from "./resolve-spec.ts";
import type { ChildId } from "./strategy.ts";

/** Make the slot of a new child. Throws, and changes nothing, when it cannot be had. */
export function admit(state: ChildrenState, spec: ChildSpec): Child {
  const resolved = resolveSpec(spec, state.flags.autoShutdown);
  checkOpen(state);
  checkRoom(state, resolved);
  const { id, kind, mailbox } = resolved;
  const slot = state.context.slot({ name: id, kind, mailbox });
  const child = new Child(resolved, slot, state.children.takePosition());
  state.children.add(child);
  return child;
}

/** Throw StoppedError when nothing is to be started any more. */
export function checkOpen(state: ChildrenState): void {
  if (isClosing(state))
    throw new StoppedError(state.context.self.path, "it is stopping its children");
}

/** Find a child by its id or its pid. Throws ChildRefusedError when there is none. */
export function childOf(state: ChildrenState, which: ChildId | number): Child {
  const { children, living } = state;
  const child = typeof which === "number" ? living.get(which) : children.get(which);
  if (child !== undefined) return child;
  throw refused(state, "not-found", `it has no child ${which}`);
}

/** Throw ChildRefusedError unless the child is at rest. */
export function checkIdle(state: ChildrenState, { id, status, operation }: Child): void {
  if (operation !== undefined || status === "restarting") {
    throw refused(state, "restarting", `${id} is going to be started; terminate it first`);
  }
  if (status === "stopped" || status === "ignored") return;
  throw refused(state, "running", `${id} is ${status}; terminate it first`);
}

function checkRoom(state: ChildrenState, { id, dependsOn }: ResolvedSpec): void {
  const { children, flags } = state;
  const taken = children.get(id);
  if (taken?.status === "running" && taken.ref !== undefined) {
    throw new AlreadyStartedError(taken.slot.path, taken.ref.pid);
  }
  if (taken !== undefined) throw refused(state, "already-present", `${id} is ${taken.status}`);
  if (children.size >= flags.maxChildren) {
    const advice = `it has its ${flags.maxChildren} children; stop one first`;
    throw refused(state, "max-children", advice);
  }
  if (dependsOn !== undefined && children.get(dependsOn) === undefined) {
    throw new InvalidSpecError(
      "invalid-depends-on",
      `child ${id}: dependsOn names an earlier sibling, and ${dependsOn} is none`,
    );
  }
}

function refused({ context }: ChildrenState, code: string, advice: string): ChildRefusedError {
  return new ChildRefusedError(code, context.self.path, advice);
}

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
