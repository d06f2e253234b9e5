import { strict as assert } from "node:assert";
import type { CallFrame } from "../wire/index.ts";
import { eventIn, type HarnessTrial, type TriedAgent } from "./kit.ts";

/** The cases about frames in both directions while an agent lives. */
export const talkTrials: readonly (readonly [string, HarnessTrial])[] = [
  [
    "an agent accepts a message, answers it, and has it for good",
    async ({ launch }) => {
      const agent = await launch();
      const id = await agent.send("HELLO\n!say good day");
      await agent.answered(id);
      await agent.durable(id);
      assert.deepEqual(
        agent.frames((frame) => (frame.type === "accepted" ? frame.id : undefined)),
        [id],
      );
      assert.deepEqual(agent.said, ["HELLO"]);
      assert.equal(agent.turns.at(-1)?.text, "good day");
      assert.equal(agent.turns.at(-1)?.stopReason, "stop");
    },
  ],
  [
    "messages that come at once are answered once each, in their order",
    async ({ launch }) => {
      const agent = await launch();
      const names = ["A", "B", "C", "D", "E"];
      const ids: string[] = [];
      for (const name of names) ids.push(await agent.send(`${name}\n!say ${name}`));
      for (const id of ids) await agent.answered(id);
      assert.deepEqual(agent.said, names);
    },
  ],
  [
    "a message that steers comes before those that follow up",
    async ({ launch }) => {
      const agent = await launch();
      await agent.tools("work");
      const first = await agent.send("FIRST\n!call work {}\n!next\n!say worked");
      const { id } = await agent.call("work");
      const later = await agent.send("LATER\n!say later");
      const steer = await agent.send("STEER\n!say steered", { deliver: "steer" });
      agent.link.send({ type: "result", id, text: "done" });
      for (const sent of [first, steer, later]) await agent.answered(sent);
      assert.deepEqual(agent.said, ["FIRST", "STEER", "LATER"]);
    },
  ],
  [
    "a tool that is given is called with its arguments, and the turn continues with its result",
    async ({ launch }) => {
      const agent = await launch();
      await agent.tools("work", "other");
      const id = await agent.send('GO\n!call work {"n":5}\n!next\n!say it worked');
      const call = await agent.call("work");
      assert.deepEqual(call.args, { n: 5 });
      agent.link.send({ type: "result", id: call.id, text: "done" });
      await agent.answered(id);
      assert.deepEqual(endsOf(agent, call), [false]);
      assert.equal(agent.turns.at(-1)?.text, "it worked");
    },
  ],
  [
    "the error of a tool is a result that failed, and the turn continues",
    async ({ launch }) => {
      const agent = await launch();
      await agent.tools("work");
      const id = await agent.send("GO\n!call work {}\n!next\n!say too bad");
      const call = await agent.call("work");
      agent.link.send({ type: "result", id: call.id, error: "no such thing" });
      await agent.answered(id);
      assert.deepEqual(endsOf(agent, call), [true]);
      assert.equal(agent.turns.at(-1)?.text, "too bad");
    },
  ],
  [
    "a call is repeated under its id when the link was lost before its result",
    async ({ launch }) => {
      const agent = await launch();
      await agent.tools("work");
      const id = await agent.send("GO\n!call work {}\n!next\n!say it worked");
      const call = await agent.call("work");
      agent.link.close(1001, "the link is cut");
      await agent.hello(2);
      const again = await agent.call("work", 2);
      assert.deepEqual(again, call);
      agent.link.send({ type: "result", id: call.id, text: "done" });
      await agent.answered(id);
      assert.deepEqual(endsOf(agent, call), [false]);
    },
  ],
  [
    "a message is delivered exactly once when its link is cut in mid-turn and it is sent again",
    async ({ launch }) => {
      const agent = await launch();
      await agent.tools("work");
      const text = "ONCE\n!call work {}\n!next\n!say it worked";
      const id = await agent.send(text);
      const call = await agent.call("work");
      agent.link.close(1001, "the link is cut");
      const { durable } = await agent.hello(2);
      if (!durable.includes(id)) await agent.send(text, { id });
      await agent.call("work", 2);
      agent.link.send({ type: "result", id: call.id, text: "done" });
      await agent.answered(id);
      await agent.answered(await agent.send("AFTER\n!say after"));
      assert.deepEqual(agent.said, ["ONCE", "AFTER"]);
    },
  ],
  [
    "an interrupt ends the turn and its open call, and the next message is answered",
    async ({ launch }) => {
      const agent = await launch();
      await agent.tools("hang");
      const first = await agent.send("FIRST\n!call hang {}\n!next\n!say never");
      const call = await agent.call("hang");
      agent.link.send({ type: "interrupt" });
      await agent.frame("the cancel of the call", (frame) =>
        frame.type === "cancel" && frame.id === call.id ? frame : undefined,
      );
      await agent.answered(first);
      assert.equal(agent.turns.at(-1)?.stopReason, "aborted");
      const second = await agent.send("SECOND\n!say two");
      await agent.answered(second);
      assert.equal(agent.turns.at(-1)?.text, "two");
    },
  ],
  [
    "an agent answers a ping, also in mid-turn",
    async ({ launch }) => {
      const agent = await launch();
      await agent.tools("work");
      const id = await agent.send("GO\n!call work {}\n!next\n!say it worked");
      const call = await agent.call("work");
      agent.link.send({ type: "ping", id: 7 });
      await agent.frame("the pong", (frame) => (frame.type === "pong" ? frame.id : undefined));
      agent.link.send({ type: "result", id: call.id, text: "done" });
      await agent.answered(id);
    },
  ],
];

/** Gives for each end of the call whether it failed. */
function endsOf(agent: TriedAgent, call: CallFrame): readonly boolean[] {
  return agent.frames((frame) => {
    const event = eventIn(frame);
    return event?.type === "tool-ended" && event.id === call.id ? event.failed : undefined;
  });
}
