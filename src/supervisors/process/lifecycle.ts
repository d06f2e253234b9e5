import { setup, transition } from "xstate";

export type ProcessState = "starting" | "running" | "stopping" | "done" | "failed" | "cancelled";

/** What moves a process from one state to the next. */
export type ProcessEvent =
  | { readonly type: "entered" }
  | { readonly type: "stop-requested" }
  | { readonly type: "ended-done" }
  | { readonly type: "ended-failed" }
  | { readonly type: "ended-cancelled" }
  | { readonly type: "restarted" };

const ends = {
  "ended-done": "done",
  "ended-failed": "failed",
  "ended-cancelled": "cancelled",
} as const;

const lifecycle = setup({ types: { events: {} as ProcessEvent } }).createMachine({
  id: "process",
  initial: "starting",
  states: {
    starting: { on: { entered: "running", "stop-requested": "stopping", ...ends } },
    running: { on: { "stop-requested": "stopping", ...ends } },
    stopping: { on: ends },
    done: { on: { restarted: "starting" } },
    failed: { on: { restarted: "starting" } },
    cancelled: { on: { restarted: "starting" } },
  },
});

/** Give the state that follows. Throws for an event that the state does not know: a bug, so a crash. */
export function next(state: ProcessState, event: ProcessEvent): ProcessState {
  const current = lifecycle.resolveState({ value: state });
  if (!current.can(event)) throw new Error(`A process that is ${state} cannot take ${event.type}.`);
  const [snapshot] = transition(lifecycle, current, event);
  return snapshot.value as ProcessState;
}

/** Tell whether a process in this state has had its terminal event. */
export function hasEnded(state: ProcessState): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}
