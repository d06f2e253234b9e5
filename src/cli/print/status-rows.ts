import {
  isFinished,
  isRecord,
  printable,
  type TreeNode,
} from "../../supervisors/runtime/outside.ts";
import { type Cut, cutTo, lineUp, type TableCell } from "./columns.ts";
import { age, costText } from "./durations.ts";
import type { TreeLine } from "./status-tree.ts";
import { type Look, type Style, styled } from "./terminal.ts";

/** The layout of the rows, and the facts that they need of each other. */
export interface RowOptions {
  readonly look: Look;
  readonly cut: Cut;
  /** The run's clock when the nodes were taken. */
  readonly at: number;
  /** All nodes: an agent's machine may be any of them. */
  readonly nodes: readonly TreeNode[];
}

const styleOf: Readonly<Record<string, Style>> = {
  starting: "yellow",
  stopping: "yellow",
  waiting: "yellow",
  backoff: "yellow",
  suspect: "yellow",
  running: "green",
  working: "green",
  ready: "green",
  idle: "cyan",
  failed: "red",
  unreachable: "red",
  lost: "red",
  done: "dim",
  stopped: "dim",
  cancelled: "dim",
};

const glyphOf: Readonly<Record<string, string>> = {
  waiting: "?",
  backoff: "!",
  suspect: "!",
  failed: "!",
  unreachable: "!",
  lost: "!",
};

/** A name is not cut to less than this. */
const shortestName = 20;

/**
 * Lay out the tree as lines: name, kind, state, age, then what changes, then the rest.
 *
 * Where that is too wide, the kind goes first, then the end of long names; what changes is never cut
 * before them.
 */
export function treeRows(lines: readonly TreeLine[], options: RowOptions): readonly string[] {
  const rows = lines.map((line) => rowOf(line, options));
  const { cut } = options;
  const widest = (texts: readonly string[]) =>
    texts.reduce((width, text) => Math.max(width, cut.measure(text)), 0);
  const nodes = rows.filter(({ cells }) => cells !== undefined);
  const [names, kinds, states, ages] = [0, 1, 2, 3].map((index) =>
    widest(nodes.map(({ cells }) => cells?.[index]?.text ?? "")),
  );
  const without = (states ?? 0) + (ages ?? 0) + widest(nodes.map(({ vital }) => vital)) + 6;
  const room = cut.columns - without;
  const hasKinds = (names ?? 0) + (kinds ?? 0) + 2 <= room;
  const nameColumns = Math.max(shortestName, hasKinds ? room - (kinds ?? 0) - 2 : room);
  const table = rows.map(({ head, cells }): readonly TableCell[] => {
    if (cells === undefined) return [head];
    const [kind, ...others] = cells.slice(1);
    const name = { ...head, text: cutTo(head.text, nameColumns, cut) };
    return [name, ...(hasKinds && kind ? [kind] : []), ...others];
  });
  return lineUp(table, cut);
}

interface Row {
  readonly head: TableCell;
  /** Absent for a line that only counts others. */
  readonly cells?: readonly TableCell[] | undefined;
  /** The part of the details that must not be cut. */
  readonly vital: string;
}

function rowOf(line: TreeLine, options: RowOptions): Row {
  const { look, at } = options;
  if (line.type === "hidden") {
    const paint = (text: string) => styled(look, "dim", text);
    return { head: { text: line.branch + line.text, paint }, vital: "" };
  }
  const { node, branch, name } = line;
  const state = shownState(node);
  const style = styleOf[state];
  const head = { text: branch + printable(name) };
  const vital = joined(vitalFacts(node));
  const others = joined(otherFacts(node, options));
  return {
    head,
    // With what stands for the rest where that is cut.
    vital: others === "" ? vital : joined([vital, options.cut.ellipsis]),
    cells: [
      head,
      { text: printable(node.kind) },
      {
        text: `${glyphOf[state] ?? " "} ${printable(state)}`,
        paint: (text) => (style ? styled(look, style, text) : text),
      },
      { text: age(at - node.since).padStart(3) },
      { text: joined([vital, others]) },
    ],
  };
}

/** The state that people see: an agent waits from the moment on at which it calls a tool of the program. */
export function shownState({ kind, state, facts }: TreeNode): string {
  return kind === "agent" && state === "working" && facts?.asks === true ? "waiting" : state;
}

/** The facts that change: tool, turns, restarts, cost, queue. */
function vitalFacts(node: TreeNode): readonly string[] {
  const { facts = {}, restarts } = node;
  return [
    factText(facts.tool),
    turnsText(node),
    restarts > 0 ? counted(restarts, "restart") : "",
    typeof facts.cost === "number" ? costText(facts.cost) : "",
    queueText(node),
  ];
}

/** The facts that may be cut; the least new ones are last. */
function otherFacts(node: TreeNode, { nodes }: RowOptions): readonly string[] {
  const { facts = {}, summary } = node;
  return [
    factText(facts.input),
    factText(facts.item),
    factText(facts.strategy),
    summary === undefined ? "" : printable(summary),
    factText(facts.model),
    machineText(node, nodes),
  ];
}

const inTurn: ReadonlySet<string> = new Set(["working", "waiting", "suspect"]);

/** The number of the turn that runs, or the count of those that ended. */
function turnsText({ state, facts }: TreeNode): string {
  if (typeof facts?.turns !== "number") return "";
  if (inTurn.has(state)) return `turn ${facts.turns + 1}`;
  return facts.turns > 0 ? counted(facts.turns, "turn") : "";
}

const queueWords = ["running", "queued", "done", "failed"] as const;

/** The counts of a pool's items. A pool that has ended has items that it left. */
function queueText({ state, facts }: TreeNode): string {
  const queue = facts?.queue;
  if (!isRecord(queue)) return "";
  const count = (word: string): number => Number(queue[word]);
  const counts = isFinished(state)
    ? ({
        left: count("running") + count("queued"),
        done: count("done"),
        failed: count("failed"),
      } as const)
    : Object.fromEntries(queueWords.map((word) => [word, count(word)]));
  return Object.entries(counts)
    .flatMap(([word, value]) => (value > 0 ? [`${value} ${word}`] : []))
    .join(", ");
}

/** An agent's machine, unless its own row stands beside the agent and is the only one there. */
function machineText({ path, facts }: TreeNode, nodes: readonly TreeNode[]): string {
  const machine = factText(facts?.machine);
  if (machine === "") return "";
  const machines = nodes.filter((node) => node.kind === "machine");
  const beside = machines.filter((node) => parentOf(node.path) === parentOf(path));
  const [only, another] = beside;
  // One that has stopped does not say any more where it was.
  if (only && !another && isFinished(only.state)) return "";
  const isIt = (node: TreeNode) =>
    node.summary !== undefined && printable(node.summary) === machine;
  const found = beside.find(isIt) ?? machines.find(isIt);
  if (found === undefined) return machine;
  return only === found && !another ? "" : `on ${nameOf(found.path)}`;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

function factText(fact: unknown): string {
  return typeof fact === "string" ? printable(fact) : "";
}

function joined(texts: readonly string[]): string {
  return texts.filter(Boolean).join("  ");
}
