import leven from "leven";
import { MisuseError } from "./errors.ts";

const form = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** Tell whether a name can stand in a path, in a file's name and in a tmux target. */
export function isName(name: unknown): name is string {
  return typeof name === "string" && form.test(name);
}

/** Throw MisuseError unless paths, files and tmux can all carry the name. */
export function checkName(what: string, name: unknown): void {
  if (!isName(name)) throw invalidName(what, String(name));
}

/** Make the error for a name that `what` cannot have. */
export function invalidName(what: string, name: string): MisuseError {
  return new MisuseError(
    "invalid-name",
    `${JSON.stringify(name)} cannot be the name of ${what}; use 1 to 64 characters of a-z, 0-9, _ and -, not starting with _ or -.`,
  );
}

/** Names that differ from `name` in a few letters or begin like it, nearest first. */
export function nearNames(name: string, known: Iterable<string>): readonly string[] {
  const limit = Math.max(2, Math.floor(name.length / 3));
  return [...new Set(known)]
    .map((candidate) => ({ candidate, distance: distanceOf(name, candidate, limit) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || a.candidate.localeCompare(b.candidate))
    .slice(0, 5)
    .map(({ candidate }) => candidate);
}

/** Edits (insert, delete, replace) from one to the other; a shared beginning of three or more counts as one. Beyond `limit` it is not counted on. */
function distanceOf(name: string, candidate: string, limit: number): number {
  if (name.length >= 3 && candidate.startsWith(name)) return 1;
  return leven(name, candidate, { maxDistance: limit + 1 });
}
