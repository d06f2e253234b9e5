import { type ControlEvent, printable } from "../../supervisors/runtime/outside.ts";
import { timeOf } from "./durations.ts";
import { logText } from "./log-text.ts";
import { type Look, styled } from "./terminal.ts";

const widestPath = 24;
const kindWidth = 9;

/** Writes the lines of one log: a column for the paths, as wide as they were so far. */
export class LogLines {
  readonly #look: Look;
  /** The state that each node was last said to be in: its other facts change more often. */
  readonly #states = new Map<string, unknown>();
  readonly #kinds = new Map<string, string>();
  /** The calls whose failure was told with its reason. */
  readonly #failedCalls = new Set<string>();
  #width = 8;

  constructor(look: Look) {
    this.#look = look;
  }

  /** Say an event on one line; undefined when it is none that people read. Takes every event, in order. */
  line(event: ControlEvent): string | undefined {
    if (this.#isNoNews(event)) return undefined;
    const words = logText(event, this.#kinds.get(event.path) ?? "");
    if (words === undefined) return undefined;
    const path = printable(shortPath(event));
    this.#width = Math.min(widestPath, Math.max(this.#width, path.length));
    const [time, who] = [timeOf(event.at), path.padEnd(this.#width)];
    const kind = printable(words.kind).padEnd(kindWidth);
    const look = this.#look;
    const loud = words.kind === "failed" || words.kind === "gave-up";
    return [
      styled(look, "dim", time),
      styled(look, "cyan", who),
      loud ? styled(look, "red", kind) : kind,
      words.text,
    ]
      .join(" ")
      .trimEnd();
  }

  #isNoNews({ type, path, data }: ControlEvent): boolean {
    if (typeof data !== "object" || data === null) return false;
    const call = `${path} ${"id" in data ? data.id : ""}`;
    if (type === "tool-returned" && "error" in data) this.#failedCalls.add(call);
    if (type === "tool-ended") return this.#failedCalls.delete(call);
    const kind = /^(process|agent|machine)-state$/.exec(type)?.[1];
    if (kind === undefined) return false;
    this.#kinds.set(path, kind);
    const state: unknown = "state" in data ? data.state : undefined;
    const isOld = this.#states.get(path) === state;
    this.#states.set(path, state);
    return isOld;
  }
}

/** Below the root, the root goes without saying. */
function shortPath({ path }: ControlEvent): string {
  const [, root = "", ...below] = path.split("/");
  const place = below.length > 0 ? below.join("/") : root;
  return place || "/";
}
