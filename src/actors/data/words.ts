const mostItems = 20;
const deepest = 3;

/**
 * Say a value in words on one line: `by=issue-2, left=190`; text as it is.
 *
 * What is too long is cut between two words, so that no part of a secret is left that nobody knows
 * any more. Objects that are no plain data are told by their class alone.
 */
export function inWords(value: unknown, longest = 200): string {
  try {
    return cutBetweenWords(said(value, 0, longest), longest);
  } catch {
    // A getter of the program's threw.
    return "[cannot be read]";
  }
}

function said(value: unknown, depth: number, longest: number): string {
  if (value === undefined) return "";
  if (typeof value === "string") return cutBetweenWords(value, longest);
  if (typeof value === "function" || typeof value === "symbol") return `[${typeof value}]`;
  if (typeof value !== "object" || value === null) return String(value);
  if (depth > deepest) return "…";
  const inner = (item: unknown) => said(item, depth + 1, longest);
  const isOutermost = depth === 0;
  if (Array.isArray(value)) {
    const items = listed(value, inner);
    return isOutermost ? items : `[${items}]`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return saidOther(value, longest);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  const [only, another] = entries;
  // The only word there is needs no name.
  if (isOutermost && typeof only?.[1] === "string" && !another) return inner(only[1]);
  const pairs = listed(entries, ([key, item]) => `${key}=${inner(item)}`);
  return isOutermost ? pairs : `{${pairs}}`;
}

function saidOther(value: object, longest: number): string {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "no date" : value.toISOString();
  if (value instanceof Error) return cutBetweenWords(`${value.name}: ${value.message}`, longest);
  return `[${value.constructor?.name || "object"}]`;
}

function listed<Item>(items: readonly Item[], tell: (item: Item) => string): string {
  const words = items.slice(0, mostItems).map(tell);
  return [...words, ...(items.length > mostItems ? ["…"] : [])].join(", ");
}

function cutBetweenWords(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const end = text.slice(0, longest + 1).search(/\s\S*$/);
  return `${text.slice(0, Math.max(0, end)).trimEnd()} …`.trimStart();
}
