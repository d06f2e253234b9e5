import { type Chart, chart } from "../../actors/registry/index.ts";

export type ProcessState =
  /** The body is not entered yet, or not started by its rule. */
  | "starting"
  /** The body runs. */
  | "running"
  /** The process is to stop; its body and its children have their time to end. */
  | "stopping"
  /** The process gave a result. */
  | "done"
  /** The process threw, took too long, or lost a child. */
  | "failed"
  /** The process was stopped before it had a result. */
  | "cancelled";

/** The events that move a process from one state to the next. */
export type ProcessEvent =
  /** The epoch counts as started. */
  | { readonly type: "entered" }
  /** The process is to stop; its body has its time to end. */
  | { readonly type: "stop-requested" }
  /** The body gave a result. */
  | { readonly type: "ended-done" }
  /** The body threw, took too long, or lost a child. */
  | { readonly type: "ended-failed" }
  /** The process was stopped before it had a result. */
  | { readonly type: "ended-cancelled" }
  /** The next epoch begins. */
  | { readonly type: "restarted" };

const ends = {
  "ended-done": "done",
  "ended-failed": "failed",
  "ended-cancelled": "cancelled",
} as const;

/** The states of a process, and the events that lead from one to the next. */
export const processChart: Chart<ProcessState, ProcessEvent> = chart<ProcessState, ProcessEvent>(
  "process",
  {
    initial: "starting",
    ended: ["done", "failed", "cancelled"],
    table: {
      starting: { entered: "running", "stop-requested": "stopping", ...ends },
      running: { "stop-requested": "stopping", ...ends },
      stopping: ends,
      done: { restarted: "starting" },
      failed: { restarted: "starting" },
      cancelled: { restarted: "starting" },
    },
  },
);

/** Tell whether a process in this state has had its terminal event. */
export function hasEnded(state: ProcessState): boolean {
  return !processChart.isLive(state);
}
