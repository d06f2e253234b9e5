import { MisuseError } from "./errors.ts";
import { nearNames } from "./names.ts";

/** The kind of value that an option takes. */
export type OptionKind =
  /** A string. */
  | "text"
  /** A number. */
  | "number"
  /** `true` or `false`. */
  | "boolean"
  /** A function. */
  | "function"
  /** An object that is no array. */
  | "object"
  /** An array. */
  | "list"
  /** Any value: the reader of the option checks it. */
  | "any";

/** Every option by name. The compiler finds the one that is missing here. */
export type OptionKinds<Options> = Readonly<Record<keyof Options, OptionKind>>;

/**
 * Check options that a program without types may have given: every key is one of `kinds`, and its
 * value of that kind. `undefined` counts as left out.
 *
 * Throws MisuseError: `unknown-option`, which names the near miss, or `option-kind`. `what` is the
 * subject of its message.
 */
export function checkOptions<Options extends object>(
  what: string,
  given: unknown,
  kinds: OptionKinds<Options>,
): void {
  if (given === undefined) return;
  if (kindOf(given) !== "object")
    throw new MisuseError(
      "option-kind",
      `${what} takes an object of options, not ${shown(given)}.`,
    );
  for (const [name, value] of Object.entries(given as object)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name as keyof Options] : undefined;
    if (kind === undefined) throw unknownOption(what, name, Object.keys(kinds));
    if (value === undefined || kind === "any" || kindOf(value) === kind) continue;
    throw new MisuseError(
      "option-kind",
      `${what}: ${name} is ${words[kind]}, not ${shown(value)}; leave it out for its default.`,
    );
  }
}

const words: Readonly<Record<OptionKind, string>> = {
  text: "a text",
  number: "a number",
  boolean: "true or false",
  function: "a function",
  object: "an object",
  list: "a list",
  any: "anything",
};

function unknownOption(what: string, name: string, known: readonly string[]): MisuseError {
  const [near] = nearNames(name, known);
  const advice = near === undefined ? "" : `did you mean ${near}? `;
  return new MisuseError(
    "unknown-option",
    `${what} has no option ${JSON.stringify(name)}; ${advice}It has: ${known.join(", ")}.`,
  );
}

function kindOf(value: unknown): OptionKind | undefined {
  if (Array.isArray(value)) return "list";
  if (typeof value === "string") return "text";
  if (value === null) return undefined;
  const kind = typeof value;
  const known: readonly OptionKind[] = ["number", "boolean", "function", "object"];
  return known.find((one) => one === kind);
}

/** Say a value in a few words. */
function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
