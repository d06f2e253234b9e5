import { type LifeEvent, lifeChart, lifeEnds } from "../../registry/index.ts";

export type AgentState =
  /** The harness comes up. */
  | "starting"
  /** No turn runs. */
  | "idle"
  /** A turn runs. */
  | "working"
  /** A turn waits: for a long tool, a person, or a model that does not answer. */
  | "waiting"
  /** The link is lost for longer than the grace. */
  | "suspect"
  /** The agent ended by itself and may be restarted. */
  | "backoff"
  /** The agent was asked to stop. */
  | "stopping"
  /** The agent stopped as it was asked to. */
  | "stopped"
  /** The agent ended and is not restarted. */
  | "failed";

/** The events that move an agent from one state to the next. */
export type AgentEvent =
  /** An event of every thing with incarnations. */
  | LifeEvent
  /** The agent has its tools and a model. */
  | { readonly type: "started" }
  /** A turn of the model begins. */
  | { readonly type: "turn-started" }
  /** Everything that the agent does waits for a person or a long tool. */
  | { readonly type: "tool-waits" }
  /** The model does not answer; its turn is begun again later. */
  | { readonly type: "model-waits" }
  /** No turn runs. */
  | { readonly type: "settled" }
  /** The link was lost for longer than the grace. */
  | { readonly type: "suspected" };

const activity = {
  "turn-started": "working",
  "tool-waits": "waiting",
  "model-waits": "waiting",
  settled: "idle",
} as const;
const live = { ...activity, suspected: "suspect", ...lifeEnds } as const;

/** The states of an agent. */
export const agentChart = lifeChart<AgentState, AgentEvent>("agent", {
  starting: { started: "idle", ...lifeEnds },
  idle: live,
  working: live,
  waiting: live,
  suspect: { ...activity, ...lifeEnds },
});
