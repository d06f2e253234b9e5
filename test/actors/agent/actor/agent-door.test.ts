import { mkdir, rm } from "node:fs/promises";
import { expect, it } from "vitest";
import { agentWorld } from "./agent-world.ts";
import { takenOver } from "./taken-over.ts";

it("an agent comes back though the file of the door's socket was deleted", async () => {
  const { harness, doors } = takenOver();
  const run = await agentWorld(() => harness);
  const first = await run.started();
  const [socket = ""] = doors;
  await rm(socket);
  await first.kill();
  await run.started();
  expect(doors).toEqual([socket, socket]);
  expect(run.memory.state).toBe("idle");
});

it("an agent that cannot come in says why the door stays shut", async () => {
  const { harness, doors } = takenOver();
  const run = await agentWorld(() => harness);
  const first = await run.started();
  const [socket = ""] = doors;
  await rm(socket);
  await mkdir(socket);
  await first.kill();
  const exit = await run.start().exited;
  expect(exit).toMatchObject({
    type: "error",
    message: expect.stringContaining(
      `Cannot listen on ${socket}: its file was deleted, and the system refused to make it again`,
    ),
  });
});
