import { expect, it } from "vitest";
import { createSystem } from "../../../src/actors/index.ts";
import {
  type RegistryChange,
  registryBehavior,
} from "../../../src/actors/registry/registry-actor.ts";
import { watchTree } from "../../../src/supervisors/control/watch-tree.ts";
import { manualClock } from "../../../src/testing.ts";

const node = (path: string, state: string) =>
  ({
    type: "changed",
    node: { path, kind: "process", state, epoch: 1, since: 0, restarts: 0 },
  }) as const;

it("the watch of a tree gives a snapshot first, and a slow reader only the newest of each path", async () => {
  const system = createSystem({ clock: manualClock() });
  const registry = system.spawn(registryBehavior());
  registry.send(node("/a", "running"));
  const controller = new AbortController();
  const watch = watchTree(registry, controller.signal)[Symbol.asyncIterator]();
  const first = await watch.next();
  for (const state of ["running", "stopping", "done"]) registry.send(node("/b", state));
  registry.send({ type: "removed", path: "/a" });
  await registry.call((reply) => ({ type: "snapshot", reply }));
  controller.abort();
  const rest: RegistryChange[] = [];
  for (let step = await watch.next(); step.done !== true; step = await watch.next()) {
    rest.push(step.value);
  }
  expect(first.value).toMatchObject({ type: "snapshot", snapshot: { nodes: [{ path: "/a" }] } });
  expect(rest).toEqual([node("/b", "done"), { type: "removed", path: "/a" }]);
  await system.stop();
});
