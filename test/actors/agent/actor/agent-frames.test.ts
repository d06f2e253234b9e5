import { describe, expect, it } from "vitest";
import type { Harness, LaunchSpec, LocalLink } from "../../../../src/actors/agent/wire/harness.ts";
import type { FromAgent, ToAgent } from "../../../../src/actors/agent/wire/protocol.ts";
import { agentWorld } from "./agent-world.ts";

/** A harness whose frames the test writes itself. */
class Puppet {
  readonly received: ToAgent[] = [];
  session = "s1";
  durable: string[] = [];
  /** It does not go when it is asked to. */
  isDeaf = false;
  stops = 0;
  #spec: LaunchSpec | undefined;
  #link: LocalLink | undefined;
  #exit: (exit: { exitCode: number; detail: string }) => void = () => {};
  readonly harness: Harness = {
    kind: "puppet",
    launch: async (spec) => {
      this.#spec = spec;
      this.hello();
      const exited = new Promise<{ exitCode: number; detail: string }>((resolve) => {
        this.#exit = resolve;
      });
      const stop = async () => {
        this.stops += 1;
        this.exit(0);
      };
      return { exited, alive: async () => true, attach: attachWords, stop, kill: stop };
    },
  };

  say(frame: FromAgent): void {
    this.#link?.send(frame);
  }

  exit(exitCode: number): void {
    this.#link?.close();
    this.#exit({ exitCode, detail: "" });
  }

  cut(): void {
    this.#link?.close();
  }

  sent(): readonly string[] {
    return this.received.flatMap((frame) => (frame.type === "send" ? [frame.text] : []));
  }

  hello(): void {
    const spec = this.#spec;
    if (!spec) throw new Error("not launched");
    this.#link = spec.door.connect(
      (frame) => {
        this.received.push(frame);
        if (frame.type === "tools") {
          this.say({ type: "tools-active", names: frame.tools.map(({ name }) => name) });
        }
        if (frame.type === "shutdown" && !this.isDeaf) this.exit(0);
      },
      () => {},
    );
    this.say({
      type: "hello",
      protocol: 1,
      token: spec.token,
      path: spec.path,
      epoch: spec.epoch,
      harness: "puppet",
      pid: 1,
      capabilities: { liveTools: true, settled: true },
      session: { id: this.session },
      model: "a/b",
      modelReady: true,
      durable: this.durable,
    });
  }
}

function attachWords({ readOnly }: { readOnly: boolean }): readonly string[] {
  return readOnly ? ["look"] : ["enter"];
}

async function puppetWorld() {
  const puppet = new Puppet();
  const world = await agentWorld(() => puppet.harness);
  return { ...world, puppet };
}

describe("an agent's frames", () => {
  it("an agent's frames bring a refused message again after a while", async () => {
    const { puppet, started, send, clock } = await puppetWorld();
    await started();
    const { id } = await send("a");
    await clock.settle();
    puppet.say({ type: "refused", id, reason: "not accepted" });
    await clock.settle();
    expect(puppet.sent()).toEqual(["a"]);
    await clock.advance(1_000);
    expect(puppet.sent()).toEqual(["a", "a"]);
  });

  it("an agent's frames end an agent that refuses a message again and again", async () => {
    const { puppet, started, send, clock, exits } = await puppetWorld();
    await started();
    const { id } = await send("a");
    for (let times = 1; times <= 5; times += 1) {
      await clock.settle();
      puppet.say({ type: "refused", id, reason: "not accepted" });
      await clock.advance(times * 1_000);
    }
    expect(exits).toEqual([
      expect.objectContaining({
        class: "lost",
        message: expect.stringContaining("refused a message 5 times: not accepted"),
      }),
    ]);
  });

  it("an agent's frames settle a receipt by a hello that names its message as durable", async () => {
    const { puppet, started, send, clock } = await puppetWorld();
    await started();
    const receipt = await send("a");
    await clock.settle();
    puppet.cut();
    puppet.durable = [receipt.id];
    puppet.hello();
    await clock.settle();
    await receipt.delivered();
    expect(puppet.sent()).toEqual(["a"]);
  });

  it("an agent's frames follow the agent into another session that a person began, and repeat what is not in it", async () => {
    const { puppet, started, send, clock, memory } = await puppetWorld();
    await started();
    const [first, second] = [await send("a"), await send("b")];
    await clock.settle();
    puppet.say({ type: "durable", id: first.id });
    await clock.settle();
    puppet.cut();
    puppet.session = "s2";
    puppet.hello();
    await clock.settle();
    expect(memory.conversation).toEqual({ id: "s2" });
    expect(puppet.sent()).toEqual(["a", "b", "b"]);
    expect(memory.outbox.waiting.map(({ id }) => id)).toEqual([second.id]);
  });

  it("an agent's frames of a reply that comes in keep the agent from counting as stuck", async () => {
    const { puppet, started, send, clock, memory } = await puppetWorld();
    const stuck = () => memory.events.recent().filter(({ type }) => type === "stuck");
    await started();
    await send("a");
    await clock.settle();
    puppet.say({ type: "event", event: { type: "turn-started" } });
    for (const pieces of [1, 2, 3]) {
      await clock.advance(9 * 60_000);
      puppet.say({ type: "event", event: { type: "tokens", pieces } });
      await clock.settle();
    }
    expect(stuck()).toEqual([]);
    await clock.advance(10 * 60_000);
    expect(stuck()).toHaveLength(1);
  });

  it("an agent's frames run a call once when it is repeated, and give its result again", async () => {
    const { puppet, started, on, clock } = await puppetWorld();
    let runs = 0;
    on("count", () => ++runs);
    await started();
    const call = { type: "call", id: "c1", tool: "count", args: {} } as const;
    puppet.say(call);
    await clock.settle();
    puppet.say(call);
    await clock.settle();
    const results = puppet.received.filter(({ type }) => type === "result");
    expect(results).toEqual([
      { type: "result", id: "c1", text: "1" },
      { type: "result", id: "c1", text: "1" },
    ]);
  });

  it("an agent's frames take an id that comes again after its call has ended for another call", async () => {
    const { puppet, started, on, clock } = await puppetWorld();
    let runs = 0;
    on("count", () => ++runs);
    await started();
    for (const _ of [1, 2]) {
      puppet.say({ type: "call", id: "call_0", tool: "count", args: {} });
      await clock.settle();
      const ended = { type: "tool-ended", id: "call_0", tool: "count", failed: false } as const;
      puppet.say({ type: "event", event: ended });
      await clock.settle();
    }
    expect(runs).toBe(2);
  });

  it("an agent's frames repeat on the next link the results that nobody confirmed, and no others", async () => {
    const { puppet, started, on, clock } = await puppetWorld();
    on("give", (_, { id }) => id);
    await started();
    for (const id of ["c1", "c2"]) puppet.say({ type: "call", id, tool: "give", args: {} });
    await clock.settle();
    puppet.say({
      type: "event",
      event: { type: "tool-ended", id: "c1", tool: "give", failed: false },
    });
    await clock.settle();
    puppet.cut();
    puppet.received.length = 0;
    puppet.hello();
    await clock.settle();
    const results = puppet.received.filter(({ type }) => type === "result");
    expect(results).toEqual([{ type: "result", id: "c2", text: "c2" }]);
  });

  it("an agent's frames show the progress of a call", async () => {
    const { puppet, started, on, clock } = await puppetWorld();
    on("work", (_, call) => call.progress("half"));
    await started();
    puppet.say({ type: "call", id: "c1", tool: "work", args: {} });
    await clock.settle();
    expect(puppet.received).toContainEqual({ type: "progress", id: "c1", text: "half" });
  });
});

describe("an agent's actor", () => {
  it("an agent's actor tells what a terminal runs to see it", async () => {
    const { started } = await puppetWorld();
    const ref = await started();
    const attach = (readOnly: boolean) =>
      ref.call<readonly string[]>((reply) => ({ type: "attach", readOnly, reply }));
    expect(await attach(true)).toEqual(["look"]);
    expect(await attach(false)).toEqual(["enter"]);
  });

  it("an agent's actor leaves the terminal of one that ended by itself to the next, or removes it at the end", async () => {
    const { puppet, started, clock, memory, states } = await puppetWorld();
    await started();
    puppet.exit(3);
    await clock.settle();
    expect(states.at(-1)).toBe("backoff");
    expect(memory.leftover).toBeDefined();
    await started();
    expect(memory.leftover).toBeUndefined();
    puppet.exit(3);
    await clock.settle();
    await memory.end("nobody restarts it");
    expect(memory.leftover).toBeUndefined();
    expect(memory.state).toBe("failed");
  });

  it("an agent's actor is ended by force when it does not go within five seconds of being asked", async () => {
    const { puppet, clock, started, memory } = await puppetWorld();
    puppet.isDeaf = true;
    const ref = await started();
    const end = ref.stop();
    await clock.advance(4_999);
    expect(puppet.received.at(-1)).toEqual({ type: "shutdown" });
    expect([puppet.stops, memory.state]).toEqual([0, "stopping"]);
    await clock.advance(1);
    await end;
    expect([puppet.stops, memory.state]).toEqual([1, "stopped"]);
  });

  it("an agent's actor is stopped, not failed, when its restart is called off", async () => {
    const { puppet, started, clock, memory, states } = await puppetWorld();
    await started();
    puppet.exit(3);
    await clock.settle();
    await memory.end("it was stopped", "stopped");
    await clock.settle();
    expect(states.slice(-3)).toEqual(["backoff", "stopping", "stopped"]);
  });

  it("an agent's actor waits with the next launch until a killed one is gone", async () => {
    let gone = () => {};
    const steps: string[] = [];
    const puppet = new Puppet();
    const harness: Harness = {
      kind: "slow to go",
      launch: async (spec) => {
        steps.push(`launch ${spec.epoch}`);
        const launched = await puppet.harness.launch(spec);
        const stop = async () => {
          await new Promise<void>((resolve) => {
            gone = resolve;
          });
          steps.push(`gone ${spec.epoch}`);
          await launched.stop();
        };
        return { ...launched, stop };
      },
    };
    const { started, start, clock } = await agentWorld(() => harness);
    const first = await started();
    await first.kill();
    const second = start();
    await clock.settle();
    expect(steps).toEqual(["launch 1"]);
    gone();
    await second.started;
    expect(steps).toEqual(["launch 1", "gone 1", "launch 2"]);
    await clock.settle();
    const end = second.stop();
    await clock.settle();
    gone();
    await end;
  });

  it("an agent's actor can be started once more after its end", async () => {
    const { puppet, started, send, clock, memory } = await puppetWorld();
    await started();
    puppet.exit(3);
    await clock.settle();
    await memory.end("nobody restarts it");
    await started();
    await send("again");
    await clock.settle();
    expect(puppet.sent()).toEqual(["again"]);
    expect(memory.state).toBe("idle");
    expect(memory.events.ended).toBe(false);
  });
});
