import { describe, expect, it } from "vitest";
import { createSystem } from "../../../src/actors/kernel/index.ts";
import {
  type RegistryChange,
  type RegistrySnapshot,
  registryBehavior,
} from "../../../src/actors/registry/index.ts";
import { node } from "../../fixtures/fake-run.ts";

describe("the registry", () => {
  it("the registry forgets what was below a node with the node, its connections among it, and tells who watches", async () => {
    const system = createSystem();
    const registry = system.spawn(registryBehavior(), { kind: "registry" });
    for (const path of ["/m", "/m/t1", "/m/t1/run", "/m/t1/run/a", "/m/t10"]) {
      registry.send({ type: "changed", node: node(path, "process", "done") });
    }
    const connection = { from: "/m/t1/run/a", to: "/m" };
    registry.send({ type: "connected", connection });
    const changes: RegistryChange[] = [];
    registry.send({ type: "watch", watcher: (change) => changes.push(change) });
    registry.send({ type: "removed", path: "/m/t1" });
    const snapshot = await registry.call<RegistrySnapshot>((reply) => ({
      type: "snapshot",
      reply,
    }));
    expect(snapshot.nodes.map(({ path }) => path)).toEqual(["/m", "/m/t10"]);
    expect(snapshot.connections).toEqual([]);
    expect(changes.slice(1)).toEqual(
      ["/m/t1", "/m/t1/run", "/m/t1/run/a"].map((path) => ({ type: "removed", path })),
    );
    await system.stop();
  });
});
