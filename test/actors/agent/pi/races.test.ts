import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { piWorld } from "./pi-world.ts";

const finish = { name: "finish", description: "Hand in.", parameters: { type: "object" } };

const prompts = ["!say quick", "!sleep 30\n!say slow", "!call finish {}\n!next\n!say done"];

/** The same numbers in every run, spread over 0 to 1. */
const spread = (n: number) => (n * 0.618_033_988_7) % 1;

it("a real pi loses and doubles none of 60 messages that come at any moment, interrupts among them", async () => {
  await using world = await piWorld();
  const agent = await world.launch();
  const { session } = await agent.hello();
  await agent.tools(finish);
  const link = await agent.link();
  const push = agent.ears.frames.push.bind(agent.ears.frames);
  agent.ears.frames.push = (frame) => {
    push(frame);
    if (frame.type === "call") link.send({ type: "result", id: frame.id, text: "ok" });
    if (frame.type === "refused") void agent.send(texts.get(frame.id) ?? "", "follow-up", frame.id);
  };
  const texts = new Map<string, string>();
  for (let n = 0; n < 60; n++) {
    const id = `r${n}`;
    texts.set(id, `message ${n}\n${prompts[n % 3]}`);
    await agent.send(texts.get(id) ?? "", spread(n) < 0.3 ? "steer" : "follow-up", id);
    await pause(spread(n * 7) * 80);
    if (n % 20 === 19) link.send({ type: "interrupt" });
  }
  for (const id of texts.keys()) await agent.heard("durable", id);
  for (const id of texts.keys()) await agent.answered(id);
  const kept = JSON.stringify(await world.session(session)).matchAll(/"ramureId":"(r\d+)"/g);
  expect([...kept].map(([, id]) => id).sort()).toEqual([...texts.keys()].sort());
});
