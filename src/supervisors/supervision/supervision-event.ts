import type { ExitReason } from "../../actors/kernel/exit-reason.ts";
import type { ChildId } from "./strategy.ts";

/** What a supervisor tells of its children, in the order in which it happened. */
export type SupervisionEvent =
  /** A first start, one by API, or one that came along with another child's restart. */
  | {
      readonly type: "child-started";
      readonly id: ChildId;
      readonly pid: number;
      readonly epoch: number;
    }
  /** A failure, or any end of a permanent child, that nobody had asked for. */
  | {
      readonly type: "child-terminated";
      readonly id: ChildId;
      readonly epoch: number;
      readonly reason: ExitReason;
    }
  /** A restart was decided; it happens in `delayMs`. `attempt` and `of` count towards the limit that is nearest: in the window, or in a row. */
  | {
      readonly type: "restarting";
      readonly id: ChildId;
      readonly attempt: number;
      readonly of: number;
      readonly delayMs: number;
      readonly reason: ExitReason;
    }
  | {
      readonly type: "restarted";
      readonly id: ChildId;
      readonly pid: number;
      readonly epoch: number;
    }
  | { readonly type: "start-error"; readonly id: ChildId; readonly reason: ExitReason }
  /** A child that was asked to stop ended otherwise than asked. */
  | {
      readonly type: "shutdown-error";
      readonly id: ChildId;
      readonly epoch: number;
      readonly reason: ExitReason;
    }
  | { readonly type: "not-retryable"; readonly id: ChildId; readonly reason: ExitReason }
  | {
      readonly type: "gave-up";
      readonly id: ChildId;
      readonly cause: "intensity" | "not-retryable";
      readonly reason: ExitReason;
    }
  | { readonly type: "unexpected-message"; readonly message: string };

export type GaveUpEvent = Extract<SupervisionEvent, { readonly type: "gave-up" }>;
