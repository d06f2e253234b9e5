import { setup, transition } from "xstate";

export type AgentState =
  | "starting"
  | "idle"
  | "working"
  | "waiting"
  | "suspect"
  | "backoff"
  | "stopping"
  | "stopped"
  | "failed";

/** What moves an agent from one state to the next. */
export type AgentEvent =
  /** It has its tools and a model. */
  | { readonly type: "started" }
  | { readonly type: "turn-started" }
  /** All that it is at waits for a person or a long tool. */
  | { readonly type: "tool-waits" }
  /** The model does not answer; its turn is begun again later. */
  | { readonly type: "model-waits" }
  | { readonly type: "settled" }
  /** Its link was lost for longer than the grace. */
  | { readonly type: "suspected" }
  /** This incarnation ended by itself; another may follow. */
  | { readonly type: "crashed" }
  | { readonly type: "stop-requested" }
  | { readonly type: "stopped" }
  /** There will be no other incarnation. */
  | { readonly type: "gave-up" }
  /** Another incarnation begins. */
  | { readonly type: "restarted" };

const ends = { crashed: "backoff", "stop-requested": "stopping", "gave-up": "failed" } as const;
const activity = {
  "turn-started": "working",
  "tool-waits": "waiting",
  "model-waits": "waiting",
  settled: "idle",
} as const;
const live = { ...activity, suspected: "suspect", ...ends } as const;

const lifecycle = setup({ types: { events: {} as AgentEvent } }).createMachine({
  id: "agent",
  initial: "starting",
  states: {
    starting: { on: { started: "idle", ...ends } },
    idle: { on: live },
    working: { on: live },
    waiting: { on: live },
    suspect: { on: { ...activity, ...ends } },
    backoff: { on: { restarted: "starting", "stop-requested": "stopping", "gave-up": "failed" } },
    stopping: { on: { stopped: "stopped", crashed: "backoff", "gave-up": "failed" } },
    stopped: { on: { restarted: "starting" } },
    failed: { on: { restarted: "starting" } },
  },
});

/** Give the state that follows. Throws for an event that the state does not know: a bug, so a crash. */
export function next(state: AgentState, event: AgentEvent): AgentState {
  const current = lifecycle.resolveState({ value: state });
  if (!current.can(event)) throw new Error(`An agent that is ${state} cannot take ${event.type}.`);
  const [snapshot] = transition(lifecycle, current, event);
  return snapshot.value as AgentState;
}

/** Tell whether an agent in this state has an incarnation. */
export function isLive(state: AgentState): boolean {
  return !["backoff", "stopped", "failed"].includes(state);
}
