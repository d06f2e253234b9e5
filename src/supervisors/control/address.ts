import { nearNames } from "../../names.ts";
import { ControlError } from "./error.ts";

/** The part of a node that finding it needs. */
export interface Addressed {
  readonly path: string;
  readonly kind: string;
  readonly state: string;
}

const finished: ReadonlySet<string> = new Set(["done", "failed", "cancelled", "stopped"]);
const maxListed = 10;

/**
 * Find the node that a person named: by its absolute path, or by any suffix of path segments that only one has.
 *
 * `kinds` narrows the search; where several fit, one that has not ended goes before those that have.
 * Throws ControlError: `not-found` with names like it, `ambiguous` with the candidates, `wrong-state`
 * when only nodes of other kinds fit.
 */
export function resolveAddress<Node extends Addressed>(
  nodes: readonly Node[],
  text: string,
  kinds: readonly string[] = [],
): Node {
  const fitting = matches(nodes, text);
  if (fitting.length === 0) throw notFound(nodes, text, kinds);
  const wanted = fitting.filter((node) => isOfKind(node, kinds));
  const [first] = fitting;
  if (wanted.length === 0 && first) throw wrongKind(nodes, text, { fitting, kinds });
  const living = wanted.filter((node) => !isFinished(node.state));
  const [found, another] = living.length > 0 ? living : wanted;
  if (found === undefined) throw notFound(nodes, text, kinds);
  if (another) throw ambiguous(text, living.length > 0 ? living : wanted);
  return found;
}

/** Tell whether nothing more will come of a node in this state. */
export function isFinished(state: string): boolean {
  return finished.has(state);
}

/** Tell whether a path is `top` or below it; without a `top` every path is. */
export function isNodeWithin(path: string, top: string | undefined): boolean {
  return top === undefined || path === top || path.startsWith(`${top}/`);
}

function matches<Node extends Addressed>(nodes: readonly Node[], text: string): readonly Node[] {
  const address = text.length > 1 ? text.replace(/\/+$/, "") : text;
  const exact = nodes.filter((node) => node.path === address);
  if (exact.length > 0 || address.startsWith("/")) return exact;
  return address === "" ? [] : nodes.filter((node) => node.path.endsWith(`/${address}`));
}

function isOfKind(node: Addressed, kinds: readonly string[]): boolean {
  return kinds.length === 0 || kinds.includes(node.kind);
}

function notFound(
  nodes: readonly Addressed[],
  text: string,
  kinds: readonly string[],
): ControlError {
  const possible = nodes.filter((node) => isOfKind(node, kinds));
  const sameDepth = text.split("/").filter(Boolean).length || 1;
  const suffixes = possible.map(({ path }) =>
    text.startsWith("/") ? path : path.split("/").slice(-sameDepth).join("/"),
  );
  return new ControlError(
    "not-found",
    `There is no ${wordFor(kinds)} ${JSON.stringify(text)} in this run.`,
    {
      why: possible.length === 0 ? `It has no ${wordFor(kinds)} now.` : undefined,
      near: nearNames(text, suffixes),
      hint: "ramure status lists what there is.",
    },
  );
}

function wrongKind(
  nodes: readonly Addressed[],
  text: string,
  found: { readonly fitting: readonly Addressed[]; readonly kinds: readonly string[] },
): ControlError {
  const { fitting, kinds } = found;
  const [first, another] = fitting;
  const what = new Set(fitting.map(({ kind }) => kind)).size === 1 ? first?.kind : undefined;
  const who = another
    ? `${JSON.stringify(text)} is the name of ${fitting.length} ${what ? plural(what) : "others"}`
    : `${first?.path} is ${article(first?.kind ?? "")}`;
  // What lies within them is most often what was meant.
  const within = nodes.filter(
    (node) =>
      isOfKind(node, kinds) &&
      !isFinished(node.state) &&
      fitting.some(({ path }) => node.path.startsWith(`${path}/`)),
  );
  return new ControlError("wrong-state", `${who}, and this needs ${article(wordFor(kinds))}.`, {
    candidates: within.slice(0, maxListed).map(({ path }) => path),
    why: within.length > maxListed ? `The first ${maxListed} are listed.` : undefined,
    hint: "ramure status lists what there is.",
  });
}

function plural(kind: string): string {
  return kind === "process" ? "processes" : `${kind}s`;
}

function ambiguous(text: string, found: readonly Addressed[]): ControlError {
  return new ControlError("ambiguous", `${JSON.stringify(text)} is the name of ${found.length}.`, {
    candidates: found.slice(0, maxListed).map((node) => node.path),
    why: found.length > maxListed ? `The first ${maxListed} are listed.` : undefined,
    hint: "Give more of the path.",
  });
}

function wordFor(kinds: readonly string[]): string {
  return kinds.length === 0 ? "node" : kinds.join(" or ");
}

function article(word: string): string {
  return `${/^[aeiou]/.test(word) ? "an" : "a"} ${word}`;
}
