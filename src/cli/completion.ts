import { printable, type RunStatus } from "../supervisors/runtime/outside.ts";
import { type GlobalOptions, Invocation } from "./invocation.ts";

/** The kinds of words that may follow a command: paths of these kinds, endpoints, or runs. */
const wanted: Readonly<Record<string, readonly string[]>> = {
  send: ["process", "agent"],
  connect: ["agent"],
  ssh: ["machine", "agent"],
  logs: ["process", "agent", "machine"],
  events: ["process", "agent", "machine"],
  call: ["endpoint"],
  status: ["run"],
  stop: ["run"],
};

/** Give the names that may follow what was typed so far; none where the run cannot tell. */
export async function namesFor(
  words: readonly string[],
  options: GlobalOptions,
): Promise<readonly string[]> {
  const kinds = wanted[words[0] ?? ""];
  if (kinds === undefined) return [];
  const cli = new Invocation(process.env, options);
  try {
    if (kinds.includes("run")) return (await cli.runs()).map(({ record }) => record.id);
    const status = await cli.withRun((run) => run.status(undefined, { timeoutMs: 1_000 }));
    const names = kinds.includes("endpoint") ? endpointNames(status) : shortNames(status, kinds);
    // A shell takes them line by line.
    return names.filter((name) => printable(name) === name);
  } catch {
    // A Tab has nobody to tell: no run, or one that does not answer, has no names.
    return [];
  }
}

function endpointNames({ endpoints, nodes }: RunStatus): readonly string[] {
  const root = nodes[0]?.path;
  return endpoints.map(({ path, name }) => (path === root ? name : `${path}:${name}`));
}

/** The shortest suffix of each path that no other has. */
function shortNames({ nodes }: RunStatus, kinds: readonly string[]): readonly string[] {
  const paths = nodes.filter((node) => kinds.includes(node.kind)).map((node) => node.path);
  const uses = new Map<string, number>();
  for (const path of paths) {
    for (const suffix of suffixesOf(path)) uses.set(suffix, (uses.get(suffix) ?? 0) + 1);
  }
  return paths.map((path) => suffixesOf(path).find((suffix) => uses.get(suffix) === 1) ?? path);
}

function suffixesOf(path: string): readonly string[] {
  const segments = path.split("/").slice(1);
  return segments.map((_, index) => segments.slice(segments.length - 1 - index).join("/"));
}
