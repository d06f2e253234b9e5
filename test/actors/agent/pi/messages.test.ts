import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type PiAgent, type PiWorld, piWorld } from "./pi-world.ts";

const finish = { name: "finish", description: "Hand in.", parameters: { type: "object" } };

/** The texts of a person in the last request. */
function said({ model }: PiWorld): readonly string[] {
  const { messages = [] } = model.requests.at(-1) ?? {};
  return messages.filter(({ role }) => role === "user").map(({ text }) => text);
}

/** Not one of its messages was lost in pi, or had to be sent again. */
function refusals(agent: PiAgent) {
  return agent.ears.frames.items.filter(({ type }) => type === "refused");
}

describe("a message to a real pi", () => {
  it("a message to a real pi may steer in the very moment in which a run ends, and nothing has to follow it", async () => {
    let steer = () => {};
    await using world = await piWorld(() => [
      { type: "do", action: () => steer() },
      { type: "say", text: "yes" },
    ]);
    const agent = await world.launch();
    await agent.hello();
    for (let round = 0; round < 12; round++) {
      const steered = new Promise<string>((resolve) => {
        steer = () => {
          steer = () => {};
          void pause(round * 4).then(() => resolve(agent.send(`steer ${round}`, "steer")));
        };
      });
      await agent.send(`begin ${round}`);
      const id = await steered;
      await agent.answered(id);
      await agent.heard("durable", id);
    }
    const expected = Array.from({ length: 12 }, (_, n) => [`begin ${n}`, `steer ${n}`]).flat();
    expect(said(world)).toEqual(expected);
    expect(refusals(agent)).toEqual([]);
  });

  it("a message to a real pi breaks off a tool call by an interrupt; what steers and what follows comes after it", async () => {
    await using world = await piWorld();
    const agent = await world.launch();
    await agent.tools(finish);
    const first = await agent.send("!call finish {}\n!next\n!say never");
    const { id: call } = await agent.call("finish");
    const second = await agent.send("STEER\n!say steered", "steer");
    const third = await agent.send("FOLLOW\n!say followed");
    const link = await agent.link();
    link.send({ type: "interrupt" });
    await agent.heard("cancel", call);
    link.send({ type: "result", id: call, text: "too late" });
    for (const id of [first, second, third]) await agent.answered(id);
    for (const id of [first, second, third]) await agent.heard("durable", id);
    expect(said(world).map((text) => text.split("\n")[0])).toEqual([
      "!call finish {}",
      "STEER",
      "FOLLOW",
    ]);
    const { messages = [] } = world.model.requests.at(-1) ?? {};
    expect(JSON.stringify(messages)).not.toContain("too late");
    expect(messages.map(({ role, text }) => `${role}: ${text}`)).not.toContain("assistant: never");
    expect(refusals(agent)).toEqual([]);
  });

  it("a message to a real pi is counted apart from another of the same text, one steering and one following", async () => {
    await using world = await piWorld();
    const agent = await world.launch();
    await agent.tools(finish);
    const begun = await agent.send("!call finish {}\n!next\n!say on");
    const { id: call } = await agent.call("finish");
    const same = "SAME\n!say same";
    const ids = [
      await agent.send(same, "follow-up", "f1"),
      await agent.send(same, "steer", "s1"),
      await agent.send(same, "steer", "s2"),
      await agent.send(same, "follow-up", "f2"),
    ];
    (await agent.link()).send({ type: "result", id: call, text: "done" });
    for (const id of [begun, ...ids]) await agent.answered(id);
    for (const id of [begun, ...ids]) await agent.heard("durable", id);
    expect(said(world).filter((text) => text === same)).toHaveLength(4);
    const { session } = await agent.hello();
    const kept = JSON.stringify(await world.session(session)).matchAll(/"ramureId":"(\w+)"/g);
    expect([...kept].map(([, id]) => id).sort()).toEqual(["f1", "f2", "m1", "s1", "s2"]);
    expect(refusals(agent)).toEqual([]);
  });

  it("a message to a real pi is taken in as it is, whatever it looks like to pi, a terminal or a model", async () => {
    const odd = {
      command: "/new",
      editorCommand: "/compact now",
      shellLine: "!ls",
      skill: "/skill:own please",
      file: "@package.json",
      spaced: "  \n\t two lines \r\n\r\n end \n",
      blank: " \n ",
      empty: "",
      control: "\u001b[2J\u0007\u0000 \u202e bell",
      halfCharacter: "half \ud83d of it",
      long: `${"long ".repeat(16)}\n`.repeat(6_000),
      last: "the last one",
    };
    await using world = await piWorld(() => [{ type: "say", text: "yes" }]);
    const agent = await world.launch();
    const { session } = await agent.hello();
    for (const [id, text] of Object.entries(odd)) {
      await agent.answered(await agent.send(text, "follow-up", id));
      await agent.heard("durable", id);
    }
    const kept = JSON.stringify(await world.session(session)).matchAll(/"ramureId":"(\w+)"/g);
    expect([...kept].map(([, id]) => id)).toEqual(Object.keys(odd));
    expect(refusals(agent)).toEqual([]);
  });
});
