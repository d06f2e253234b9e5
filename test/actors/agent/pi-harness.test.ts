import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { piWorld } from "./pi-world.ts";

const finish = {
  name: "finish",
  description: "Hand in the work.",
  parameters: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] },
};

describe("a real pi in a real tmux", { timeout: 60_000 }, () => {
  it("says hello, calls a tool and ends its turn", async () => {
    await using world = await piWorld();
    const agent = await world.launch({ systemPrompt: "You are the writer." });
    const hello = await agent.hello();
    expect(hello).toMatchObject({
      harness: "pi",
      harnessVersion: "0.74.2",
      model: "scripted/model",
      modelReady: true,
      durable: [],
      session: { file: expect.stringContaining(world.root) },
    });
    expect(await agent.tools(finish)).toEqual(["finish"]);
    const id = await agent.send('!say on it\n!call finish {"n":"5"}\n!next\n!say bye');
    const call = await agent.call("finish");
    expect(call.args).toEqual({ n: 5 });
    (await agent.link()).send({ type: "progress", id: call.id, text: "half way" });
    (await agent.link()).send({ type: "result", id: call.id, text: "well done" });
    await agent.answered(id);
    await agent.heard("durable", id);
    expect(await agent.event("turn-ended", ({ text }) => text === "bye")).toMatchObject({
      stopReason: "stop",
    });
    const [first, second] = world.model.requests;
    expect(first?.messages[0]?.text).toContain("You are the writer.");
    expect(first?.tools.map(({ name }) => name)).toContain("finish");
    expect(second?.messages.at(-1)).toMatchObject({ role: "tool", text: "well done" });
    const entries = await world.session(hello);
    const ours = entries.filter(({ message }) =>
      JSON.stringify(message ?? "").includes("ramureId"),
    );
    expect(ours).toEqual([
      expect.objectContaining({ message: expect.objectContaining({ ramureId: id }) }),
    ]);
    await pause(0);
  });
});
