import { strict as assert } from "node:assert";
import { closeCodes, protocolVersion } from "../wire/index.ts";
import type { HarnessTrial } from "./kit.ts";

/** The beginning and the end of every agent. */
export const lifeTrials: readonly (readonly [string, HarnessTrial])[] = [
  [
    "an agent says hello with its conversation and a model",
    async ({ launch, subject }) => {
      const hello = await (await launch()).hello();
      assert.equal(hello.protocol, protocolVersion);
      assert.equal(hello.harness, subject.harness.kind);
      assert.equal(hello.modelReady, true);
      assert.notEqual(hello.session.id, "");
      assert.deepEqual(hello.durable, []);
    },
  ],
  [
    "an agent lives from its launch until it is stopped, and is gone then",
    async ({ launch }) => {
      const agent = await launch();
      await agent.hello();
      assert.equal(await agent.process.alive(), true);
      assert.notEqual(agent.process.attach({ readOnly: true }).length, 0);
      await agent.process.stop();
      await agent.exited();
      assert.equal(await agent.process.alive(), false);
      await agent.process.stop();
    },
  ],
  [
    "an agent that is killed in mid-turn tells its end",
    async ({ launch }) => {
      const agent = await launch();
      await agent.tools("hang");
      await agent.send("!call hang {}");
      await agent.call("hang");
      await agent.process.kill();
      await agent.exited();
      assert.equal(await agent.process.alive(), false);
    },
  ],
  [
    "an agent that is asked to shut down ends by itself, with exit code 0",
    async ({ launch }) => {
      const agent = await launch();
      await agent.hello();
      agent.link.send({ type: "shutdown" });
      await agent.exited();
      assert.equal((await agent.process.exited).exitCode, 0);
    },
  ],
  [
    "a launch that is called off before it begins rejects with the reason",
    async ({ launch }) => {
      const reason = new Error("no agent wanted");
      await assert.rejects(launch({ signal: AbortSignal.abort(reason) }), (e) => e === reason);
    },
  ],
  [
    "an agent of an earlier epoch is shut out when the next one is let in",
    async ({ launch }) => {
      const first = await launch();
      await first.hello();
      const second = await launch({ epoch: 2 });
      assert.equal((await second.hello()).epoch, 2);
      const code = await first.closeCode();
      // A harness may end the earlier process before it starts the next one.
      assert.ok(code === closeCodes.staleEpoch || !(await first.process.alive()));
      await second.answered(await second.send("!say I am the second"));
      assert.deepEqual(first.turns, []);
    },
  ],
  [
    "an agent that is launched again goes on with its conversation, and knows what is in it",
    async ({ launch }) => {
      const first = await launch();
      const { session } = await first.hello();
      const id = await first.send("FIRST\n!say one");
      await first.answered(id);
      await first.durable(id);
      await first.process.kill();
      await first.exited();
      const second = await launch({ epoch: 2, resume: session });
      const hello = await second.hello();
      assert.equal(hello.session.id, session.id);
      assert.deepEqual(hello.durable, [id]);
      await second.answered(await second.send("SECOND\n!say two"));
      assert.deepEqual(second.said, ["SECOND"]);
    },
  ],
];
