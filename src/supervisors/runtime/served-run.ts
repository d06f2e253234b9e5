import { parametersOf } from "../../actors/agent/tools/index.ts";
import { problemText } from "../../actors/journal/index.ts";
import type { RegistrySnapshot } from "../../actors/registry/index.ts";
import { type EndpointNode, type RunFacts, type ServedRun, watchTree } from "../control/index.ts";
import type { Addressee } from "../process/index.ts";
import type { LiveRun } from "./live-run.ts";

/** Make what the control verbs see of a run. */
export function servedRun(runtime: LiveRun, facts: RunFacts): ServedRun {
  return {
    snapshot: async () => {
      const { nodes, connections } = await runtime.registry.call<RegistrySnapshot>((reply) => ({
        type: "snapshot",
        reply,
      }));
      const endpoints = [...runtime.directory.values()].flatMap(endpointsOf);
      const run = { ...facts, ...runtime.registry.totals, problem: problemOf(runtime) };
      return { run, nodes, connections, endpoints };
    },
    destination: (path) => runtime.directory.get(path),
    journal: runtime.journal,
    watch: (signal) => watchTree(runtime.registry, signal),
    stop: () => void runtime.stop("it was stopped by ramure stop"),
    kill: () => void runtime.kill(),
  };
}

function problemOf({ journal }: LiveRun): string | undefined {
  if (journal.problem === undefined) return undefined;
  const { code, message, dropped } = journal.problem;
  if (code === "removed") return problemText(journal.file, journal.problem);
  const lost = dropped > 0 ? `; ${dropped} records were left out` : "";
  return `${journal.file} cannot be written (${code}: ${message})${lost}.`;
}

function endpointsOf({ path, endpoints }: Addressee): readonly EndpointNode[] {
  return (endpoints?.() ?? []).map(({ name, description, input }) => ({
    path,
    name,
    description: description === "" ? undefined : description,
    parameters: input === undefined ? undefined : parametersOf(input),
  }));
}
