import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Script,
  type ScriptedHarnessOptions,
  scriptedHarness,
} from "../../../../src/actors/agent/scripted/harness.ts";
import type { Harness, LaunchSpec } from "../../../../src/actors/agent/wire/harness.ts";
import type { ManualClock } from "../../../../src/actors/manual-clock.ts";
import { agentWorld } from "./agent-world.ts";

const world = (script: Script, options: ScriptedHarnessOptions = {}) =>
  agentWorld((clock) => scriptedHarness(script, { clock, ...options }));

/** Answers each message with the same words, turned round. */
const parrot: Script = async (agent) => {
  for await (const { text } of agent.messages) agent.say(`${text}!`);
};

describe("an agent", () => {
  it("an agent is started when it has its tools, and tells what it is", async () => {
    const { started, on, memory, states } = await world(parrot);
    on("finish", () => {});
    await started();
    expect(memory.state).toBe("idle");
    expect(states).toEqual(["starting", "idle"]);
    expect(memory.facts).toMatchObject({
      harness: "scripted",
      model: "scripted/model",
      machine: "nowhere at all",
      turns: 0,
    });
    expect(memory.events.recent().map(({ type }) => type)).toEqual(["started"]);
  });

  it("an agent answers what it is sent", async () => {
    const { started, send, memory, states, clock } = await world(parrot);
    await started();
    const receipt = await send("hello");
    await clock.settle();
    await receipt.delivered();
    expect(await receipt.turn()).toEqual({ text: "hello!", stopReason: "stop" });
    expect(states).toEqual(["starting", "idle", "working", "idle"]);
    expect(memory.facts.turns).toBe(1);
  });

  it("an agent answers what it was sent before it was started, in order", async () => {
    const { started, send, clock } = await world(parrot);
    const receipts = [await send("a"), await send("b")];
    await started();
    await clock.settle();
    const turns = await Promise.all(receipts.map((receipt) => receipt.turn()));
    expect(turns.map(({ text }) => text)).toEqual(["a!", "b!"]);
  });
});

describe("an agent's start", () => {
  it("an agent's start fails at once when no model is configured, and names what to do", async () => {
    const { start, clock, exits, memory, states } = await world(parrot, { model: null });
    const { started } = start();
    await expect(started).rejects.toMatchObject({
      code: "model-missing",
      retryable: false,
      message: expect.stringContaining("run scripted on its machine, log in and choose one"),
    });
    await clock.settle();
    expect(exits[0]).toMatchObject({ type: "error", code: "model-missing", retryable: false });
    expect(states).toEqual(["starting", "backoff"]);
    expect(memory.events.recent().at(-1)?.type).toBe("exited");
  });

  it("an agent's start fails when no hello comes in time, with the last words of its terminal", async () => {
    const { harness, stopped } = mute("login: ");
    const { start, clock, exits } = await agentWorld(() => harness);
    const { started } = start();
    const failure = expect(started).rejects.toMatchObject({
      code: "agent-start",
      message: expect.stringMatching(/no hello within 60000 ms.*\nlogin:$/s),
    });
    await clock.advance(59_999);
    expect(exits).toEqual([]);
    await clock.advance(1);
    await failure;
    expect(stopped()).toBe(true);
  });

  it("an agent's start fails when the harness ends before its hello, with its exit code and last words", async () => {
    const { harness, exit } = mute("pi: bad flag");
    const { start, clock } = await agentWorld(() => harness);
    const { started } = start();
    const failure = expect(started).rejects.toThrow(/exit code 2.*pi: bad flag/s);
    await clock.settle();
    exit(2);
    await failure;
  });

  it("an agent's start fails with the error of a harness that cannot be launched", async () => {
    const harness: Harness = {
      kind: "none",
      launch: () => Promise.reject(new Error("there is no tmux")),
    };
    const { start } = await agentWorld(() => harness);
    await expect(start().started).rejects.toThrow("there is no tmux");
  });

  it("an agent's start gives up a launch that takes too long", async () => {
    const harness: Harness = {
      kind: "slow",
      launch: ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    };
    const { start, clock } = await agentWorld(() => harness, { startTimeoutMs: 500 });
    const failure = expect(start().started).rejects.toThrow("was not launched within 500 ms");
    await clock.advance(500);
    await failure;
  });

  it("an agent's start can be broken off, and leaves nothing", async () => {
    const { harness, stopped } = mute("");
    const { start, clock, states } = await agentWorld(() => harness);
    const ref = start();
    ref.started.catch(() => {});
    await clock.settle();
    const end = ref.stop();
    await clock.settle();
    await end;
    expect(stopped()).toBe(true);
    expect(states).toEqual(["starting", "stopping", "stopped"]);
  });
});

describe("an agent's tools", () => {
  const caller =
    (args: Record<string, string> = {}): Script =>
    async (agent) => {
      for await (const { text } of agent.messages) {
        agent.say(await agent.call(text, args).catch((error: Error) => `error: ${error.message}`));
      }
    };

  it("an agent's tools are called with the model's arguments and answer it", async () => {
    const { started, on, send, clock, memory } = await world(caller({ name: "you" }));
    on("greet", (args) => ({ hello: args }));
    await started();
    const receipt = await send("greet");
    await clock.settle();
    expect((await receipt.turn()).text).toBe('{\n  "hello": {\n    "name": "you"\n  }\n}');
    const events = memory.events.recent().filter(({ type }) => type.startsWith("tool-"));
    expect(events.map(({ type }) => type)).toEqual([
      "tool-started",
      "tool-called",
      "tool-returned",
      "tool-ended",
    ]);
  });

  it("an agent's tools answer with an error when they throw or are unknown", async () => {
    const { started, on, send, clock } = await world(caller());
    on("fail", () => {
      throw new Error("no luck");
    });
    await started();
    const receipts = [await send("fail"), await send("nothing")];
    await clock.settle();
    const turns = await Promise.all(receipts.map((receipt) => receipt.turn()));
    expect(turns.map(({ text }) => text)).toEqual([
      "error: no luck",
      "error: There is no tool nothing; the tools are: fail.",
    ]);
  });

  it("an agent's tools answer with an error after their time, and show the agent as waiting until then", async () => {
    const { started, on, send, clock, memory } = await world(caller());
    on("wait", () => new Promise(() => {}), 30_000);
    await started();
    const receipt = await send("wait");
    await clock.settle();
    // The tree knows at once whom the agent waits for; the state follows when that takes long.
    expect(memory.facts).toMatchObject({ tool: "wait", asks: true });
    await clock.advance(5_000);
    expect(memory.state).toBe("waiting");
    expect(memory.facts.tool).toBe("wait");
    await clock.advance(25_000);
    expect((await receipt.turn()).text).toMatch(/^error: The tool wait did not answer within/);
    expect(memory.state).toBe("idle");
    expect(memory.facts).toMatchObject({ tool: undefined, input: undefined, asks: undefined });
  });

  it("are told of with what they were called with, the program's apart from the agent's own", async () => {
    const { started, on, send, clock, memory } = await world(async (agent) => {
      for await (const _ of agent.messages) await agent.call("ask", { question: "Which branch?" });
    });
    on("ask", () => new Promise(() => {}));
    await started();
    await send("go");
    await clock.settle();
    expect(memory.facts).toMatchObject({ tool: "ask", input: "Which branch?", asks: true });
  });

  it("an agent's tools may be added and withdrawn while it runs", async () => {
    const { started, on, send, clock } = await world(async (agent) => {
      for await (const _ of agent.messages) agent.say(agent.tools.map(({ name }) => name).join());
    });
    on("a", () => {});
    await started();
    const withdraw = on("b", () => {});
    await clock.settle();
    const before = await send("?");
    await clock.settle();
    withdraw();
    await clock.settle();
    const after = await send("?");
    await clock.settle();
    expect((await before.turn()).text).toBe("a,b");
    expect((await after.turn()).text).toBe("a");
  });

  it("an agent's tools may wait for an event of their own agent", async () => {
    const { started, on, send, clock, memory } = await world(async (agent) => {
      for await (const _ of agent.messages) {
        const waits = agent.call("wait");
        await agent.call("go");
        agent.say(await waits);
      }
    });
    on("wait", async () => {
      const isGo = ({ data }: { data: unknown }) => JSON.stringify(data).includes('"go"');
      await memory.events.waitFor("tool-called", { where: isGo });
      return "heard";
    });
    on("go", () => {});
    await started();
    const receipt = await send("both");
    await clock.settle();
    expect((await receipt.turn()).text).toBe("heard");
  });

  it("an agent's tools are aborted when the turn is interrupted", async () => {
    const { started, on, send, clock, slot, memory } = await world(parrotThatCalls("wait"));
    let isAborted = false;
    on("wait", (_, { signal }) => {
      signal.addEventListener("abort", () => {
        isAborted = true;
      });
      return new Promise(() => {});
    });
    await started();
    const receipt = await send("x");
    await clock.settle();
    slot.address.send({ type: "interrupt" });
    await clock.settle();
    expect(await receipt.turn()).toMatchObject({ stopReason: "aborted" });
    expect(isAborted).toBe(true);
    expect(memory.state).toBe("idle");
  });
});

describe("an agent that is lost", () => {
  it("an agent that is lost ends by an error that is retryable and quotes its last words, not the lines it drew", async () => {
    const { started, send, clock, exits, states } = await world(async (agent) => {
      await agent.next();
      agent.crash("────────\n ════ \nsegmentation fault\n────────\n\ncore ── dumped");
    });
    await started();
    await send("x");
    await clock.settle();
    expect(exits).toEqual([
      expect.objectContaining({
        type: "error",
        class: "lost",
        code: "agent-lost",
        retryable: true,
        message: expect.stringMatching(
          /exit code 1\.\nIts last words:\nsegmentation fault\ncore ── dumped$/,
        ),
      }),
    ]);
    expect(states).toEqual(["starting", "idle", "working", "backoff"]);
  });

  it("an agent that is lost is not lost when its link comes back within the grace", async () => {
    const { started, on, send, clock, exits, states } = await world(async (agent) => {
      for await (const _ of agent.messages) {
        agent.cutLink(14_000);
        agent.say(await agent.call("finish"));
      }
    });
    let runs = 0;
    on("finish", () => `run ${++runs}`);
    await started();
    const receipt = await send("x");
    await clock.advance(14_000);
    expect((await receipt.turn()).text).toBe("run 1");
    expect(exits).toEqual([]);
    expect(states).not.toContain("suspect");
  });

  it("an agent that is lost has the answer to a call that was given while its link was lost, once", async () => {
    const { started, on, send, clock } = await world(async (agent) => {
      for await (const _ of agent.messages) {
        const answer = agent.call("slow");
        await agent.sleep(1_000);
        agent.cutLink(3_000);
        agent.say(await answer);
      }
    });
    let runs = 0;
    on("slow", async () => {
      runs += 1;
      await clock.sleep(2_000);
      return `run ${runs}`;
    });
    await started();
    const receipt = await send("x");
    await clock.advance(5_000);
    expect((await receipt.turn()).text).toBe("run 1");
    expect(runs).toBe(1);
  });

  it("an agent that is lost is suspect after the grace, and well when the link comes back", async () => {
    const { started, send, clock, memory, exits } = await world(async (agent) => {
      for await (const _ of agent.messages) {
        agent.cutLink(40_000);
        await agent.sleep(50_000);
      }
    });
    await started();
    await send("x");
    await clock.advance(15_000);
    expect(memory.state).toBe("suspect");
    await clock.advance(25_000);
    expect(memory.state).toBe("working");
    await clock.advance(10_000);
    expect(memory.state).toBe("idle");
    expect(exits).toEqual([]);
  });

  it("an agent that is lost ends when its link stays away although its process lives", async () => {
    const { started, send, clock, exits } = await world(async (agent) => {
      await agent.next();
      agent.cutLink(600_000);
      await agent.sleep(600_000);
    });
    await started();
    await send("x");
    await clock.advance(120_000);
    expect(exits).toEqual([expect.objectContaining({ class: "lost" })]);
  });
});

describe("an agent that is started again", () => {
  it("an agent that is started again goes on with its session and has what it missed, once", async () => {
    const seen: string[] = [];
    const { started, send, clock, keepAlive } = await world(async (agent) => {
      for await (const { text } of agent.messages) {
        seen.push(`${agent.epoch} ${agent.resumed} ${text}`);
        if (text === "crash" && agent.epoch === 1) agent.crash();
        agent.say("ok");
      }
    });
    keepAlive(1_000);
    await started();
    const receipts = [await send("a"), await send("crash"), await send("b")];
    await clock.advance(1_000);
    for (const receipt of receipts) expect(await receipt.turn()).toMatchObject({ text: "ok" });
    expect(seen).toEqual(["1 false a", "1 false crash", "2 true crash", "2 true b"]);
  });

  it("an agent that is started again is told what became of the calls that were open, and goes on where it was", async () => {
    const notes: string[] = [];
    let isRepaired = false;
    const { started, on, send, clock, keepAlive } = await world(async (agent) => {
      for await (const { text } of agent.messages) {
        if (agent.epoch > 1) notes.push(text);
        if (agent.epoch > 1) continue;
        void agent.call("quick").catch(() => {});
        void agent.call("slow").catch(() => {});
        await agent.sleep(100);
        agent.crash();
      }
    });
    on("quick", () => "quick result");
    on("slow", async () => {
      await clock.sleep(5_000);
      isRepaired = true;
      return "slow result";
    });
    keepAlive(1_000);
    await started();
    const receipt = await send("work");
    await clock.advance(2_000);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/restarted while you were at work/);
    expect(notes[0]).toMatch(/slow\(\{\}\) is still running/);
    await receipt.turn();
    await clock.advance(5_000);
    expect(isRepaired).toBe(true);
    expect(notes[1]).toMatch(/slow .*has come to its end:\ngave: slow result/);
  });

  it.each(["kill", "stop"] as const)(
    "an agent that is started again answers its message, whenever it is ended by a %s",
    async (end) => {
      for (let turns = 0; turns < 40; turns += 1) {
        const { started, send, clock } = await world(async (agent) => {
          for await (const _ of agent.messages) {
            await agent.sleep(100);
            agent.say("ok");
          }
        });
        const first = await started();
        const receipt = await send("work");
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
        const ended = first[end]();
        await clock.advance(1_000);
        await ended;
        await started();
        let answer: string | undefined;
        void receipt.turn().then(({ text }) => {
          answer = text;
        });
        await clock.advance(1_000);
        expect([turns, answer]).toEqual([turns, "ok"]);
      }
    },
  );

  it("an agent that is started again is told nothing when it was idle", async () => {
    const seen: string[] = [];
    const { started, send, clock } = await world(async (agent) => {
      for await (const { text } of agent.messages) seen.push(text);
    });
    const first = await started();
    await send("a");
    await clock.settle();
    await first.stop();
    await started();
    await send("b");
    await clock.settle();
    expect(seen).toEqual(["a", "b"]);
  });

  it("an agent that is started again begins a fresh session after three resumes that failed, and is told what was dealt with", async () => {
    const epochs: string[] = [];
    const inner = (clock: ManualClock) =>
      scriptedHarness(
        async (agent) => {
          for await (const { text } of agent.messages) {
            epochs.push(`${agent.epoch} ${agent.resumed} ${text}`);
            if (text === "b" && agent.epoch === 1) {
              agent.say("half");
              agent.crash();
            }
            agent.say("ok");
          }
        },
        { clock },
      );
    const { started, send, clock, keepAlive } = await agentWorld((clock) =>
      brokenWhen(inner(clock), ({ resume }) => resume !== undefined),
    );
    keepAlive(1_000);
    await started();
    await send("a");
    const receipt = await send("b");
    await clock.advance(10_000);
    expect((await receipt.turn()).text).toBe("ok");
    expect(epochs).toEqual([
      "1 false a",
      "1 false b",
      expect.stringMatching(/^5 false You take over .*1\. a\n/s),
      "5 false b",
    ]);
  });

  it("an agent that is started again keeps its messages and its tools when it is stopped and started", async () => {
    const { started, on, send, clock } = await world(async (agent) => {
      for await (const _ of agent.messages) agent.say(await agent.call("count"));
    });
    let runs = 0;
    on("count", () => ++runs);
    const first = await started();
    await first.stop();
    const receipt = await send("x");
    await started();
    await clock.settle();
    expect((await receipt.turn()).text).toBe("1");
  });

  it("an agent that is started again loses and doubles nothing, whenever it crashes or loses its link", async () => {
    const step = fc.record({
      what: fc.constantFrom("send", "crash", "cut", "kill", "wait"),
      ms: fc.nat({ max: 3_000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const seen: string[] = [];
        let mischief: "crash" | "cut" | undefined;
        const { start, send, clock, keepAlive, slot } = await world(async (agent) => {
          for await (const { text } of agent.messages) {
            await agent.sleep(100);
            const now = mischief;
            mischief = undefined;
            if (now === "crash") agent.crash();
            if (now === "cut") agent.cutLink(700);
            // From here on the message is in the conversation.
            agent.say("ok");
            if (text.startsWith("m")) seen.push(text);
            await agent.sleep(100);
          }
        });
        keepAlive(200);
        start().started.catch(() => {});
        const sent: string[] = [];
        for (const { what, ms } of steps) {
          if (what === "send") {
            sent.push(`m${sent.length}`);
            await send(`m${sent.length - 1}`);
          }
          if (what === "crash" || what === "cut") mischief = what;
          if (what === "kill") void slot.address.kill();
          await clock.advance(ms);
        }
        mischief = undefined;
        await clock.advance(60_000);
        expect(seen).toEqual(sent);
      }),
      { numRuns: 40 },
    );
  });
});

describe("an agent that is stopped", () => {
  it("an agent that is stopped has its last result first, then ends by itself", async () => {
    const said: string[] = [];
    const { started, on, send, clock, slot, exits, states, memory } = await world(async (agent) => {
      for await (const _ of agent.messages) said.push(await agent.call("finish"));
    });
    on("finish", () => {
      void slot.address.stop();
      return "thanks";
    });
    await started();
    await send("x");
    await clock.settle();
    expect(said).toEqual(["thanks"]);
    expect(exits).toEqual([expect.objectContaining({ type: "shutdown" })]);
    expect(states.slice(-2)).toEqual(["stopping", "stopped"]);
    expect(memory.events.recent().at(-1)).toMatchObject({ type: "exited" });
  });

  it("an agent that is stopped is not held up for long by a handler that does not end", async () => {
    const { started, on, send, clock } = await world(parrotThatCalls("wait"));
    on("wait", () => new Promise(() => {}));
    const ref = await started();
    await send("x");
    await clock.settle();
    const end = ref.stop();
    await clock.advance(1_000);
    await end;
  });

  it("an agent that is stopped rejects what waits for it once it has ended for good", async () => {
    const { started, on, send, clock, memory, states } = await world(parrotThatCalls("wait"));
    let isAborted = false;
    on("wait", (_, { signal }) => {
      signal.addEventListener("abort", () => {
        isAborted = true;
      });
      return new Promise(() => {});
    });
    const ref = await started();
    const receipt = await send("x");
    await clock.settle();
    void ref.kill();
    await clock.settle();
    await memory.end("nobody restarts it");
    await expect(receipt.turn()).rejects.toMatchObject({ code: "agent-ended" });
    await expect(send("y")).rejects.toThrow("/keeper/worker has ended (nobody restarts it)");
    expect(isAborted).toBe(true);
    expect(states.at(-1)).toBe("failed");
  });
});

/** Calls one tool for each message, and says what it gave. */
function parrotThatCalls(tool: string): Script {
  return async (agent) => {
    for await (const _ of agent.messages) agent.say(await agent.call(tool));
  };
}

/** A harness whose agents run and never say hello. */
function mute(detail: string) {
  let exit: (exitCode: number | undefined) => void = () => {};
  let isStopped = false;
  const exited = new Promise<{ exitCode?: number | undefined; detail: string }>((resolve) => {
    exit = (exitCode) => resolve({ exitCode, detail });
  });
  const stop = async () => {
    isStopped = true;
    exit(undefined);
  };
  const launched = {
    exited,
    alive: async () => !isStopped,
    attach: () => [],
    stop,
    kill: stop,
  };
  const harness: Harness = { kind: "mute", launch: async () => launched };
  return { harness, exit: (code: number) => exit(code), stopped: () => isStopped };
}

/** A harness whose agents end before their hello under a condition. */
function brokenWhen(harness: Harness, isBroken: (spec: LaunchSpec) => boolean): Harness {
  return {
    kind: harness.kind,
    launch: async (spec) => {
      if (!isBroken(spec)) return harness.launch(spec);
      const { harness: broken, exit } = mute("broken session");
      exit(1);
      return broken.launch(spec);
    },
  };
}
