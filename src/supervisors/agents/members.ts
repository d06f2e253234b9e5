import type { Machine } from "../../machines/machine.ts";
import type { Agent, ProcessScope, StartedMachine } from "../process/index.ts";
import type { ChildSpec } from "../supervision/index.ts";
import {
  type AgentOptions,
  checkChoices,
  checkWords,
  enlist,
  machineFor,
  prepareAgent,
  promptSoon,
} from "./agents.ts";
import {
  forgetMember,
  keepHandle,
  type MachineOptions,
  prepareMachine,
  removeMachine,
} from "./machines.ts";

/** A child of a supervisor that is not a process. */
export interface Member<Live> {
  /** The children that are started for it, in order: for an agent also the machine that nobody else made. */
  readonly specs: readonly ChildSpec[];
  /** The handle that programs hold. */
  readonly live: () => Live;
  /** Takes in that it has started, and all that is started with it. */
  started(): void;
  /** Leave nothing of it. It must not run. */
  forget(): Promise<void>;
}

/** Prepare a machine as a child of a supervisor. */
export function machineMember(
  scope: ProcessScope,
  options: MachineOptions & { readonly name: string },
): Member<Machine> & { readonly home: StartedMachine } {
  const { machine, spec } = prepareMachine(scope, options);
  return {
    specs: [spec as ChildSpec],
    home: machine,
    live: () => machine.machine,
    started: () => keepHandle(machine),
    forget: async () => forgetMember(scope, options.name),
  };
}

/** Prepare an agent as a child of a supervisor. `home` is the machine of a sibling. Default: as its options say. */
export async function agentMember(
  scope: ProcessScope,
  name: string,
  options: AgentOptions,
  home?: StartedMachine,
): Promise<Member<Agent>> {
  checkChoices(name, options);
  const path = `${scope.record.path}/${name}`;
  checkWords(path, options);
  scope.names.take(name, true);
  const made: { readonly machine: StartedMachine; readonly spec: ChildSpec }[] = [];
  const machine =
    home ??
    (await machineFor(scope, options, async (_, machineOptions) => {
      const { machine: own, spec } = prepareMachine(scope, machineOptions);
      made.push({ machine: own, spec: spec as ChildSpec });
      return own;
    }));
  const prepared = await prepareAgent(scope, { name, path, machine }, options);
  const spec = prepared.spec as ChildSpec;
  let isEnlisted = false;
  const start: ChildSpec["start"] = (context) => {
    if (!isEnlisted) enlist(scope, prepared);
    isEnlisted = true;
    return spec.start(context);
  };
  return {
    specs: [...made.map((one) => one.spec), { ...spec, start }],
    live: () => prepared.agent,
    started: () => {
      for (const one of made) keepHandle(one.machine);
      if (options.prompt !== undefined) promptSoon(prepared.agent, options.prompt);
    },
    forget: async () => {
      forgetMember(scope, name);
      if (options.image !== undefined)
        for (const one of made) await removeMachine(scope, one.machine);
    },
  };
}
