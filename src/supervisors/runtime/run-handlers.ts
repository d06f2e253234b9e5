import { parametersOf } from "../../actors/agent/tools/index.ts";
import type { RegistrySnapshot } from "../../actors/registry/index.ts";
import {
  ControlError,
  type ControlHandlers,
  type EndpointNode,
  type RunFacts,
  type RunSnapshot,
  watchTree,
} from "../control/index.ts";
import type { Addressee } from "../process/index.ts";
import { journalEvents } from "./journal-events.ts";
import type { Runtime } from "./runtime.ts";

/** Make what a run does for its control clients. */
export function runHandlers(runtime: Runtime, run: RunFacts): ControlHandlers {
  return {
    status: () => status(runtime, run),
    send: ({ path, message }) => addressee(runtime, path).send(message),
    attach: async ({ path, readOnly }) => {
      const { attach } = addressee(runtime, path);
      if (attach === undefined) throw notPossible(path, "has no terminal; choose an agent");
      return { argv: await attach(readOnly) };
    },
    shell: async ({ path, command }) => {
      const { shell } = addressee(runtime, path);
      if (shell === undefined)
        throw notPossible(path, "has no shell; choose a machine or an agent");
      return { argv: await shell(command) };
    },
    call: async ({ path, endpoint, args, timeoutMs }, signal) => {
      const { call } = addressee(runtime, path);
      if (call === undefined) throw notPossible(path, "has no endpoints; choose a process");
      return await call(endpoint, args, { timeoutMs, signal });
    },
    events: (request, signal) => journalEvents(runtime.journal, request, signal),
    watch: (signal) => watchTree(runtime.registry, signal),
    stop: async ({ kill }) => {
      void (kill ? runtime.kill() : runtime.stop("it was stopped by ramure stop"));
    },
  };
}

async function status(runtime: Runtime, run: RunFacts): Promise<RunSnapshot> {
  const { nodes, connections } = await runtime.registry.call<RegistrySnapshot>((reply) => ({
    type: "snapshot",
    reply,
  }));
  const endpoints = [...runtime.directory.values()].flatMap(endpointsOf);
  return { run: { ...run, problem: problemOf(runtime) }, nodes, connections, endpoints };
}

function problemOf({ journal }: Runtime): string | undefined {
  if (journal.problem === undefined) return undefined;
  const { code, message, dropped } = journal.problem;
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

function addressee(runtime: Runtime, path: string): Addressee {
  const found = runtime.directory.get(path);
  if (found !== undefined) return found;
  throw new ControlError("not-found", `${path} has ended meanwhile.`);
}

function notPossible(path: string, why: string): ControlError {
  return new ControlError("wrong-state", `${path} ${why}.`);
}
