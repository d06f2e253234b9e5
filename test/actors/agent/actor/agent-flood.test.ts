import { expect, it } from "vitest";
import { keptMb } from "../../../../scripts/chaos/report.ts";
import type { FromAgent } from "../../../../src/actors/agent/wire/protocol.ts";
import { agentWorld } from "./agent-world.ts";
import { takenOver } from "./taken-over.ts";

it("an agent takes in a flood of events in order, with little memory, and goes on serving", async () => {
  const { harness, results, flood } = takenOver();
  const run = await agentWorld(() => harness);
  run.on("finish", () => "done");
  await run.started();
  const count = 50_000;
  let [next, wrong] = [0, 0];
  run.memory.events.subscribe(({ type, data }) => {
    if (type !== "usage") return;
    const { usage } = data as { readonly usage: { readonly n: number } };
    if (usage.n !== next) wrong += 1;
    next += 1;
  });
  const heap = keptMb();
  await flood(
    (function* () {
      for (let n = 0; n < count; n++)
        yield { type: "event", event: { type: "usage", usage: { n } } };
      yield { type: "call", id: "last", tool: "finish", args: {} };
    })(),
  );
  expect(await results.first()).toMatchObject({ id: "last", text: "done" });
  expect({ next, wrong }).toEqual({ next: count, wrong: 0 });
  expect(keptMb() - heap).toBeLessThan(50);
});

it("an agent answers no more than a thousand calls that are not taken in, and lives on", async () => {
  const { harness, results, flood } = takenOver();
  const run = await agentWorld(() => harness);
  let ran = 0;
  run.on("finish", () => {
    ran += 1;
    return "done";
  });
  await run.started();
  const call = (id: string): FromAgent => ({ type: "call", id, tool: "finish", args: {} });
  await flood(Array.from({ length: 5_000 }, (_, n) => call(`c${n}`)));
  await results.first(({ id }) => id === "c4999");
  expect(ran).toBe(1_000);
  expect(results.items.filter(({ error }) => error?.includes("end your turn"))).toHaveLength(4_000);
  await flood([{ type: "event", event: { type: "idle", messageIds: [] } }, call("after")]);
  expect(await results.first(({ id }) => id === "after")).toMatchObject({ text: "done" });
});

it("an agent whose calls hold 16 MiB has no more of them taken, until it has taken in the answers", async () => {
  const { harness, results, flood } = takenOver();
  const run = await agentWorld(() => harness);
  let ran = 0;
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  run.on("finish", () => {
    ran += 1;
    return released;
  });
  await run.started();
  const heap = keptMb();
  const call = (n: number): FromAgent => {
    const args = { text: `${n} ${"x".repeat(1_000_000)}` };
    return { type: "call", id: `c${n}`, tool: "finish", args };
  };
  await flood(Array.from({ length: 100 }, (_, n) => call(n)));
  const refused = await results.first(({ id }) => id === "c99");
  expect(refused.error).toMatch(/hold over 16 MiB. Take the answers in/);
  expect(ran).toBe(17);
  expect(keptMb() - heap).toBeLessThan(60);
  const idle: FromAgent = { type: "event", event: { type: "idle", messageIds: [] } };
  await flood([idle, call(100)]);
  expect((await results.first(({ id }) => id === "c100")).error).toMatch(/16 MiB/);
  release();
  await results.first(({ id }) => id === "c0");
  await flood([idle, call(101)]);
  await expect.poll(() => ran).toBe(18);
});

it("an agent is handed ten megabytes of messages, though it may be behind by four only", async () => {
  const { harness, sends } = takenOver();
  const run = await agentWorld(() => harness);
  await run.started();
  const text = `${"x".repeat(999)}\n`.repeat(500);
  const count = 20;
  await Promise.all(Array.from({ length: count }, (_, n) => run.send(`${n} ${text}`)));
  await expect.poll(() => sends.items.length).toBe(count);
  expect(run.memory.state).not.toBe("suspect");
});
