import { type ControlEvent, printable } from "../../supervisors/runtime/outside.ts";
import { timeOf } from "./durations.ts";
import { logText, shortPath } from "./log-text.ts";
import { type Look, styled } from "./terminal.ts";

/** Columns for the path and for the word, so that all lines of a log stand under each other. */
const pathWidth = { narrow: 20, wide: 24 } as const;
const kindWidth = 9;
const wideFrom = 100;

/** Writes the lines of one log. */
export class LogLines {
  readonly #look: Look;
  /** The state that each node was last said to be in: its other facts change more often. */
  readonly #states = new Map<string, unknown>();
  readonly #kinds = new Map<string, string>();
  /** The calls whose failure was told with its reason. */
  readonly #failedCalls = new Set<string>();

  constructor(look: Look) {
    this.#look = look;
  }

  /** Say an event on one line; undefined when it is none that people read. Takes every event, in order. */
  line(event: ControlEvent): string | undefined {
    if (this.#isNoNews(event)) return undefined;
    const words = logText(event, this.#kinds.get(event.path) ?? "");
    if (words === undefined) return undefined;
    const look = this.#look;
    const width = look.columns < wideFrom ? pathWidth.narrow : pathWidth.wide;
    const path = fitted(printable(shortPath(event.path)), width, look.unicode ? "…/" : ".../");
    const [time, who] = [timeOf(event.at), path.padEnd(width)];
    const kind = words.kind.padEnd(kindWidth);
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

/** Fit a path into its column. The first names of a long path are left out, since the last ones identify it. */
function fitted(path: string, width: number, ellipsis: string): string {
  if (path.length <= width) return path;
  const names = path.split("/");
  const room = width - ellipsis.length;
  for (let from = 1; from < names.length; from += 1) {
    const end = names.slice(from).join("/");
    if (end.length <= room) return ellipsis + end;
  }
  return path.slice(-width);
}
