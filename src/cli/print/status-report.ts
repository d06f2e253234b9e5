import {
  type EndpointNode,
  isFinished,
  printable,
  type RunStatus,
  type TreeNode,
} from "../../supervisors/runtime/outside.ts";
import { cutTo, type Measure, wrapTo } from "./columns.ts";
import { costText, duration } from "./durations.ts";
import { shownState, treeRows } from "./status-rows.ts";
import { treeLines } from "./status-tree.ts";
import { type Look, styled } from "./terminal.ts";

export interface ReportOptions {
  readonly look: Look;
  readonly measure: Measure;
  /** Finished children shown of one parent. Default: 5. */
  readonly finished?: number | undefined;
  /** Connections shown. Default: 10. */
  readonly connections?: number | undefined;
}

/** Say how a run is, in lines for a person. */
export function statusReport(status: RunStatus, options: ReportOptions): string[] {
  const { look, measure, finished, connections = 10 } = options;
  const { nodes, at } = status;
  const cut = { columns: look.columns, ellipsis: look.unicode ? "…" : "...", measure };
  const tree = treeLines(nodes, { unicode: look.unicode, finished });
  const short = (line: string) => cutTo(line, cut.columns, cut);
  const root = rootOf(status);
  const links = connectionLines(status, root);
  const more = links.length - connections;
  const blocks = [
    [styled(look, "bold", short(headerOf(status)))],
    problemLines(status.run).map((line) => styled(look, "red", line)),
    treeRows(tree, { look, cut, at, nodes }),
    [
      ...links.slice(0, connections).map(short),
      ...(more > 0 ? [styled(look, "dim", short(`${cut.ellipsis} ${more} more, by --all`))] : []),
    ],
    status.endpoints.map((endpoint) => short(endpointLine(endpoint, root))),
    waitingLines(nodes, root)
      .flatMap((line) => wrapTo(line, cut))
      .map((line) => styled(look, "yellow", line)),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .flatMap((lines, index) => (index === 0 ? lines : ["", ...lines]));
}

function headerOf({ run, nodes, at }: RunStatus): string {
  const agents = nodes.filter((node) => node.kind === "agent");
  const living = agents.filter((node) => !isFinished(node.state));
  const waiting = agents.filter((node) => shownState(node) === "waiting");
  return [
    `run ${printable(run.id)}`,
    `up ${duration(at - run.startedAt)}`,
    agents.length > 0 ? `agents ${living.length}/${agents.length}` : "",
    waiting.length > 0 ? `waiting ${waiting.length}` : "",
    costText(run.cost),
    printable(run.program),
    `pid ${run.pid}`,
  ]
    .filter(Boolean)
    .join("  ");
}

function problemLines({ problem }: RunStatus["run"]): readonly string[] {
  return problem === undefined ? [] : [`! ${printable(problem)}`];
}

/** The path of the root process, where the whole of its run is shown. */
function rootOf({ nodes: [first] }: RunStatus): string | undefined {
  return first?.path.lastIndexOf("/") === 0 ? first.path : undefined;
}

/** A path as one types it: below the root, the root goes without saying. */
function typed(path: string, root: string | undefined): string {
  return root !== undefined && path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
}

/** Write the connections, a line each; both directions of a connection are one line. */
function connectionLines({ connections }: RunStatus, root: string | undefined): readonly string[] {
  const ways = new Set(connections.map(({ from, to }) => `${from} ${to}`));
  const told = new Set<string>();
  return connections.flatMap(({ from, to }) => {
    if (told.has(`${to} ${from}`)) return [];
    told.add(`${from} ${to}`);
    const arrow = ways.has(`${to} ${from}`) ? "<->" : "->";
    return [printable(`${typed(from, root)} ${arrow} ${typed(to, root)}`)];
  });
}

function endpointLine(
  { path, name, description, parameters }: EndpointNode,
  root: string | undefined,
): string {
  const text = description ? `  ${printable(description)}` : "";
  const place = path === root ? "" : `${printable(typed(path, root))}:`;
  return `${place}${printable(name)}(${parameterNames(parameters).join(", ")})${text}`;
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
function waitingLines(nodes: readonly TreeNode[], root: string | undefined): readonly string[] {
  return nodes
    .filter((node) => node.kind === "agent" && shownState(node) === "waiting")
    .filter(({ facts }) => typeof facts?.tool === "string")
    .slice(0, 5)
    .map(({ path, facts }) => {
      const question = typeof facts?.input === "string" ? facts.input : "";
      const colon = question === "" ? "" : `: ${question}`;
      return printable(`? ${typed(path, root)} waits for its tool ${facts?.tool}${colon}`);
    });
}
