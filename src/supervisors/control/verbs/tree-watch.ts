import * as v from "valibot";
import type { RegistryChange } from "../../../actors/registry/index.ts";
import { isNodeWithin } from "../address.ts";
import { treeNode } from "../run-status.ts";
import { nodeAt } from "../served-run.ts";
import { fittingParts } from "../status-pages.ts";
import { streamVerb } from "../verb.ts";

const update = v.object({
  /** True when all earlier updates are void. */
  reset: v.optional(v.literal(true)),
  nodes: v.array(treeNode),
  removed: v.array(v.string()),
});
type Update = v.InferOutput<typeof update>;

/** The tree, and then each change of it. */
export const treeWatch = streamVerb("tree.watch", {
  params: v.object({
    /** Only this node and those below it. Default: the whole run. */
    to: v.optional(v.string()),
  }),
  item: { method: "tree", schema: update },
  serve: async function* ({ to }, { run, signal }) {
    const top = to === undefined ? undefined : (await nodeAt(run, to)).path;
    for await (const change of run.watch(signal)) yield* updatesOf(change, top);
  },
});

function updatesOf(change: RegistryChange, top: string | undefined): readonly Update[] {
  switch (change.type) {
    case "removed":
      return isNodeWithin(change.path, top) ? [{ nodes: [], removed: [change.path] }] : [];
    case "changed":
      return isNodeWithin(change.node.path, top)
        ? [{ nodes: [...fittingParts([change.node]).flat()], removed: [] }]
        : [];
    case "snapshot": {
      const nodes = change.snapshot.nodes.filter(({ path }) => isNodeWithin(path, top));
      return fittingParts(nodes).map((part, index) => ({
        ...(index === 0 ? { reset: true as const } : {}),
        nodes: [...part],
        removed: [],
      }));
    }
    default:
      return change satisfies never;
  }
}
