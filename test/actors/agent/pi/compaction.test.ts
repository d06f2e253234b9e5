import { execa } from "execa";
import { describe, expect, it } from "vitest";
import {
  directedScript,
  type ReplyStep,
} from "../../../../src/actors/agent/scripted/model-script.ts";
import { type PiAgent, piWorld } from "./pi-world.ts";

/** Press keys at the agent's terminal. */
async function press(agent: PiAgent, ...keys: readonly string[]): Promise<void> {
  const argv = agent.launched.attach({ readOnly: false });
  const socket = argv[argv.indexOf("-S") + 1] ?? "";
  await execa("tmux", ["-S", socket, "send-keys", "-t", `${argv.at(-1)}:`, ...keys]);
}

const settings = {
  quietStartup: true,
  retry: { enabled: false, maxRetries: 0, provider: { maxRetries: 0 } },
  compaction: { enabled: true, reserveTokens: 1_000, keepRecentTokens: 1 },
};

/** A pi whose summaries are made by these steps; `!` lines in a message direct its other replies. */
async function compactor(...summary: readonly ReplyStep[]) {
  let summaries = 0;
  const otherwise = directedScript(() => [{ type: "say", text: "yes" }]);
  const world = await piWorld(
    (request) => {
      const system = request.messages[0]?.text ?? "";
      if (!system.includes("context summarization assistant")) return otherwise(request);
      summaries += 1;
      return summary;
    },
    { settings },
  );
  const agent = await world.launch();
  const begin = async () => {
    await press(agent, "-l", "/compact");
    await press(agent, "Enter");
  };
  return {
    world,
    agent,
    begin,
    /** Have a conversation that is long enough, and begin to compact it. */
    compacting: async () => {
      for (const id of ["one", "two", "three"]) await agent.answered(await agent.send(id));
      await begin();
      await expect.poll(() => summaries).toBeGreaterThan(0);
    },
  };
}

const slowSummary: readonly ReplyStep[] = [
  { type: "sleep", ms: 2_000 },
  { type: "say", text: "The summary." },
];
const noSummary: readonly ReplyStep[] = [{ type: "status", status: 400, message: "no summary" }];

describe("a real pi that compacts its conversation", () => {
  it.each([
    ["ends well", slowSummary],
    ["fails", noSummary],
  ])(
    "a real pi that compacts its conversation takes in once what is sent meanwhile, when that %s",
    async (_, summary) => {
      const { world, agent, compacting } = await compactor(...summary);
      await using _world = world;
      await compacting();
      const meanwhile = [await agent.send("four"), await agent.send("five", "steer")];
      for (const id of meanwhile) await agent.answered(id);
      for (const id of meanwhile) await agent.heard("durable", id);
      const { session } = await agent.hello();
      const kept = JSON.stringify(await world.session(session)).matchAll(/"ramureId":"(m\d)"/g);
      expect([...kept].map(([, id]) => id).sort()).toEqual(["m1", "m2", "m3", "m4", "m5"]);
      expect(agent.ears.frames.items.filter(({ type }) => type === "refused")).toEqual([]);
    },
  );

  it("a real pi that compacts its conversation takes in what was sent meanwhile, when a person calls that off", async () => {
    const { world, agent, compacting } = await compactor({ type: "sleep", ms: 110_000 });
    await using _world = world;
    await compacting();
    const id = await agent.send("four");
    await press(agent, "Escape");
    await agent.answered(id);
  });

  it("a real pi that compacts its conversation is at rest when a person begins that in the middle of a run, which it breaks off", async () => {
    const { world, agent, begin } = await compactor(...slowSummary);
    await using _world = world;
    for (const text of ["one", "two"]) await agent.answered(await agent.send(text));
    const broken = await agent.send("!sleep 110000");
    await expect.poll(() => world.model.requests.length).toBe(3);
    await begin();
    await agent.answered(broken);
    await agent.answered(await agent.send("!say on"));
    await agent.event("turn-ended", ({ text }) => text === "on");
  });
});
