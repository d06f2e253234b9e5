import * as v from "valibot";
import { ControlError } from "../error.ts";
import type { TreeNode } from "../run-status.ts";
import { destinationAt, nodeAt, type ServedRun } from "../served-run.ts";
import { verb } from "../verb.ts";

/** The command that gives a person a shell, or runs something, where an agent lives. */
export const machineShell = verb("machine.shell", {
  params: v.object({
    /** A machine, or an agent for the one it lives on. Default: the run's only machine. */
    to: v.optional(v.string()),
    /** Default: an interactive shell. */
    command: v.optional(v.array(v.string())),
  }),
  result: v.object({ path: v.string(), argv: v.array(v.string()) }),
  serve: async ({ to, command }, { run, acts }) => {
    const { path } = await (to === undefined
      ? onlyMachine(run)
      : nodeAt(run, to, ["machine", "agent"]));
    const { shell } = destinationAt(run, path);
    acts(path);
    if (shell !== undefined) return { path, argv: await shell(command) };
    throw new ControlError("wrong-state", `${path} has no shell; choose a machine or an agent.`);
  },
});

async function onlyMachine(run: ServedRun): Promise<TreeNode> {
  const { nodes } = await run.snapshot();
  const machines = nodes.filter((node) => node.kind === "machine" && node.state !== "stopped");
  const [machine, another] = machines;
  if (!machine) throw new ControlError("not-found", "This run has no machine now.");
  if (!another) return machine;
  throw new ControlError("ambiguous", `This run has ${machines.length} machines.`, {
    candidates: machines.slice(0, 10).map((each) => each.path),
    hint: "Name one of them, or an agent that lives there.",
  });
}
