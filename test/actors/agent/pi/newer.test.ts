import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type PiAgent, type PiWorld, piWorld } from "./pi-world.ts";

/* What newer pis do otherwise than older ones: each test holds on both, and says what it expects of which. */

const tool = (name: string) => ({ name, description: name, parameters: { type: "object" } });

const answer = async (agent: PiAgent, name: string, text: string) => {
  const { id } = await agent.call(name);
  (await agent.link()).send({ type: "result", id, text });
};

/** What the model read last of its tools. */
const lastResult = ({ model }: PiWorld) =>
  model.requests.at(-1)?.messages.findLast(({ role }) => role === "tool")?.text;

describe("a pi of any age", () => {
  it("a pi of any age asks nobody whether the resources of its work directory are to be trusted", async () => {
    await using world = await piWorld();
    const { workDir } = world.machine;
    await mkdir(join(workDir, ".pi", "extensions"), { recursive: true });
    await mkdir(join(workDir, ".pi", "skills", "own"), { recursive: true });
    await writeFile(join(workDir, ".pi", "settings.json"), '{ "theme": "light" }');
    await writeFile(join(workDir, ".pi", "extensions", "own.ts"), "export default () => {};");
    const skill = "---\nname: own\ndescription: A skill.\n---\n";
    await writeFile(join(workDir, ".pi", "skills", "own", "SKILL.md"), skill);
    const agent = await world.launch();
    await agent.answered(await agent.send("!say here"));
    await agent.event("turn-ended", ({ text }) => text === "here");
  });

  it("a pi of any age has a tool that is added in mid-run at once, or from the next run on", async () => {
    await using world = await piWorld();
    const agent = await world.launch();
    const { capabilities } = await agent.hello();
    await agent.tools(tool("first"));
    const id = await agent.send("!call first {}\n!next\n!call late {}\n!next\n!say done");
    await agent.call("first");
    await agent.tools(tool("first"), tool("late"));
    await answer(agent, "first", "one");
    if (capabilities.liveTools) {
      await answer(agent, "late", "in time");
      await agent.answered(id);
      expect(lastResult(world)).toBe("in time");
    } else {
      await agent.answered(id);
      expect(lastResult(world)).toContain("late not found");
      const next = await agent.send("!call late {}\n!next\n!say done");
      await answer(agent, "late", "in the next run");
      await agent.answered(next);
      expect(lastResult(world)).toBe("in the next run");
    }
  });

  it("a pi of any age is at rest when its own retries are over, not before", async () => {
    let asked = 0;
    const settings = {
      retry: { enabled: true, maxRetries: 2, baseDelayMs: 1_000, provider: { maxRetries: 0 } },
    };
    await using world = await piWorld(
      () =>
        asked++ === 0
          ? [{ type: "status", status: 503, message: "Service Unavailable" }]
          : [{ type: "say", text: "after all" }],
      { settings },
    );
    const agent = await world.launch();
    await agent.answered(await agent.send("try"));
    const told = agent.ears.frames.items.flatMap((frame) =>
      frame.type === "event" && ["turn-ended", "idle"].includes(frame.event.type)
        ? [frame.event]
        : [],
    );
    expect(told).toMatchObject([
      { type: "turn-ended", stopReason: "error" },
      { type: "turn-ended", stopReason: "stop", text: "after all" },
      { type: "idle" },
    ]);
  });

  it("a pi of any age is dead after a SIGTERM, with a bye or without", async () => {
    await using world = await piWorld();
    const agent = await world.launch();
    const hello = await agent.hello();
    await agent.answered(await agent.send("!say here", "follow-up", "m1"));
    await agent.heard("durable", "m1");
    process.kill(hello.pid, "SIGTERM");
    await agent.launched.exited;
    const { code } = await agent.ears.closes.first();
    const byes = agent.ears.frames.items.filter(({ type }) => type === "bye");
    if (hello.capabilities.settled)
      expect({ code, byes: byes.length }).toEqual({ code: 1000, byes: 1 });
    else expect({ code, byes: byes.length }).toEqual({ code: 1006, byes: 0 });
    const heir = await world.launch({ epoch: 2, resume: hello.session });
    expect(await heir.hello()).toMatchObject({ session: hello.session, durable: ["m1"] });
  });
});
