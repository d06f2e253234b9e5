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
