import { setup, transition } from "xstate";

export type MachineState =
  | "starting"
  | "ready"
  | "unreachable"
  | "backoff"
  | "stopping"
  | "stopped"
  | "failed";

/** What moves a machine from one state to the next. */
export type MachineEvent =
  | { readonly type: "started" }
  /** A command could not reach it. */
  | { readonly type: "lost" }
  /** This incarnation ended by itself; another may follow. */
  | { readonly type: "crashed" }
  | { readonly type: "stop-requested" }
  | { readonly type: "stopped" }
  /** There will be no other incarnation. */
  | { readonly type: "gave-up" }
  /** Another incarnation begins. */
  | { readonly type: "restarted" };

const ends = { crashed: "backoff", "stop-requested": "stopping", "gave-up": "failed" } as const;

const lifecycle = setup({ types: { events: {} as MachineEvent } }).createMachine({
  id: "machine",
  initial: "starting",
  states: {
    starting: { on: { started: "ready", ...ends } },
    ready: { on: { lost: "unreachable", ...ends } },
    unreachable: { on: ends },
    backoff: { on: { restarted: "starting", "stop-requested": "stopping", "gave-up": "failed" } },
    stopping: { on: { stopped: "stopped", crashed: "backoff", "gave-up": "failed" } },
    stopped: { on: { restarted: "starting" } },
    failed: { on: { restarted: "starting" } },
  },
});

/** Give the state that follows. Throws for an event that the state does not know: a bug, so a crash. */
export function next(state: MachineState, event: MachineEvent): MachineState {
  const current = lifecycle.resolveState({ value: state });
  if (!current.can(event)) throw new Error(`A machine that is ${state} cannot take ${event.type}.`);
  const [snapshot] = transition(lifecycle, current, event);
  return snapshot.value as MachineState;
}

/** Tell whether a machine in this state has an incarnation. */
export function isLive(state: MachineState): boolean {
  return !["backoff", "stopped", "failed"].includes(state);
}
