import { type LifeEvent, lifeChart, lifeEnds } from "../registry/index.ts";

export type MachineState =
  /** The image is being spawned. */
  | "starting"
  /** The machine takes commands. */
  | "ready"
  /** A command could not reach the machine. */
  | "unreachable"
  /** The machine ended by itself and may be restarted. */
  | "backoff"
  /** The machine was asked to stop. */
  | "stopping"
  /** The machine stopped as it was asked to. */
  | "stopped"
  /** The machine ended and is not restarted. */
  | "failed";

/** The events that move a machine from one state to the next. */
export type MachineEvent =
  /** An event of every thing with incarnations. */
  | LifeEvent
  /** The machine runs. */
  | { readonly type: "started" }
  /** The machine could not be reached. */
  | { readonly type: "lost" }
  /** The machine answers again. */
  | { readonly type: "recovered" };

/** The states of a machine. */
export const machineChart = lifeChart<MachineState, MachineEvent>("machine", {
  starting: { started: "ready", ...lifeEnds },
  ready: { lost: "unreachable", ...lifeEnds },
  unreachable: { recovered: "ready", ...lifeEnds },
});
