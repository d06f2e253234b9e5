import type { LogEvent } from "../../actors/events/index.ts";
import type { TerminalData } from "../endpoints/index.ts";

type Any = Pick<LogEvent, "type" | "data" | "source">;
type TerminalOf<Type extends keyof TerminalData> = {
  readonly type: Type;
  readonly data: TerminalData[Type];
};

/** Tell whether an event, own or bubbled, says that a process is done. */
export function isDone(event: Any): event is Any & TerminalOf<"done"> {
  return event.type === "done";
}

/** Tell whether an event, own or bubbled, says that a process failed. */
export function isFailed(event: Any): event is Any & TerminalOf<"failed"> {
  return event.type === "failed";
}

/** Tell whether an event, own or bubbled, says that a process was cancelled. */
export function isCancelled(event: Any): event is Any & TerminalOf<"cancelled"> {
  return event.type === "cancelled";
}
