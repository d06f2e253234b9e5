import { AlreadyStartedError, StoppedError } from "../../actors/kernel/index.ts";
import { Child } from "./child.ts";
import type { ChildSpec, ResolvedSpec } from "./child-spec.ts";
import { type ChildrenState, isClosing } from "./children-state.ts";
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
export function findChild(state: ChildrenState, which: ChildId | number): Child {
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
