import {
  type EndpointNode,
  isFinished,
  printable,
  type RunStatus,
  type TreeNode,
} from "../../supervisors/runtime/outside.ts";
import type { Measure } from "./columns.ts";
import { cutTo, lineUp, type TableCell } from "./columns.ts";
import { age, duration } from "./durations.ts";
import { type TreeLine, treeLines } from "./status-tree.ts";
import { type Look, type Style, styled } from "./terminal.ts";

export interface ReportOptions {
  readonly look: Look;
  readonly measure: Measure;
  /** Finished children shown of one parent. Default: 5. */
  readonly finished?: number | undefined;
}

/** Say how a run is, in lines for a person. */
export function statusReport(status: RunStatus, options: ReportOptions): string[] {
  const { look, measure, finished } = options;
  const cut = { columns: look.columns, ellipsis: look.unicode ? "…" : "...", measure };
  const tree = treeLines(status.nodes, { unicode: look.unicode, finished });
  const short = (line: string) => cutTo(line, cut.columns, cut);
  const blocks = [
    [styled(look, "bold", short(headerOf(status)))],
    problemLines(status.run).map((line) => styled(look, "red", line)),
    lineUp(
      tree.map((line) => cellsOf(line, status.at, look)),
      cut,
    ),
    status.connections.map(({ from, to }) => short(`${from} -> ${to}`)),
    status.endpoints.map((endpoint) => short(endpointLine(endpoint))),
    waitingLines(status.nodes).map((line) => styled(look, "yellow", short(line))),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .flatMap((lines, index) => (index === 0 ? lines : ["", ...lines]));
}

function headerOf({ run, nodes, at }: RunStatus): string {
  const agents = nodes.filter((node) => node.kind === "agent");
  const living = agents.filter((node) => !isFinished(node.state));
  const waiting = agents.filter((node) => node.state === "waiting");
  return [
    `run ${run.id}`,
    printable(run.program),
    `up ${duration(at - run.startedAt)}`,
    `pid ${run.pid}`,
    agents.length > 0 ? `agents ${living.length}/${agents.length}` : "",
    waiting.length > 0 ? `waiting: ${waiting.length}` : "",
  ]
    .filter(Boolean)
    .join("  ");
}

function problemLines({ problem }: RunStatus["run"]): readonly string[] {
  return problem === undefined ? [] : [`! ${printable(problem)}`];
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

function cellsOf(line: TreeLine, at: number, look: Look): readonly TableCell[] {
  if (line.type === "hidden") {
    return [{ text: line.branch + line.text, paint: (text) => styled(look, "dim", text) }];
  }
  const { node, branch, name } = line;
  const style = styleOf[node.state];
  const paint = (text: string) => (style ? styled(look, style, text) : text);
  return [
    { text: branch + printable(name) },
    { text: printable(node.kind) },
    { text: `${glyphOf[node.state] ?? " "} ${printable(node.state)}`, paint },
    { text: age(at - node.since).padStart(3) },
    { text: detailsOf(node) },
  ];
}

/** The facts that say most in a line; others are in `--json`. */
function detailsOf({ facts = {}, restarts, summary }: TreeNode): string {
  return [
    factText(facts.strategy),
    factText(facts.machine),
    restarts > 0 ? `restarts ${restarts}` : "",
    typeof facts.turns === "number" ? `${facts.turns} turns` : "",
    summary === undefined ? "" : printable(summary),
  ]
    .filter(Boolean)
    .join("  ");
}

function factText(fact: unknown): string {
  return typeof fact === "string" ? printable(fact) : "";
}

function endpointLine({ path, name, description, parameters }: EndpointNode): string {
  const text = description ? `  ${printable(description)}` : "";
  return `${path}:${printable(name)}(${parameterNames(parameters).join(", ")})${text}`;
}

/** Names of the arguments; those that may be left out end in `?`. */
function parameterNames(schema: EndpointNode["parameters"]): readonly string[] {
  const { properties, required } = schema ?? {};
  if (typeof properties !== "object" || properties === null) return [];
  const needed: readonly unknown[] = Array.isArray(required) ? required : [];
  return Object.keys(properties).map((name) =>
    printable(needed.includes(name) ? name : `${name}?`),
  );
}

/** Agents whose program has not answered a call yet. An agent that waits for a model says so in its own line. */
function waitingLines(nodes: readonly TreeNode[]): readonly string[] {
  return nodes
    .filter(({ kind, state }) => kind === "agent" && state === "waiting")
    .filter(({ facts }) => typeof facts?.tool === "string")
    .slice(0, 5)
    .map(({ path, facts }) => `? ${path} waits for its tool ${factText(facts?.tool)}`);
}
