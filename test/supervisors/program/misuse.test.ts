import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  type Agent,
  type AgentProcess,
  agent,
  agentProcess,
  connect,
  contract,
  currentProcess,
  emit,
  expose,
  receive,
  retry,
  send,
  sleep,
  spawn,
  supervisor,
  wait,
} from "../../../src/index.ts";
import { testRun } from "../../../src/testing.ts";

/** Runs `body` as a root process whose agents do nothing. */
async function run<Result>(body: () => Promise<Result>): Promise<Result> {
  const root = agentProcess({ name: "root" }, body);
  return await (await testRun(root, [], { script: () => {} })).finished();
}

/** What a program without types can give. */
function fromJavaScript(value: unknown): never {
  return value as never;
}

function thrown(act: () => unknown): string {
  try {
    act();
    return "nothing was thrown";
  } catch (error) {
    return String(error);
  }
}

const service = agentProcess(async function service() {
  expose("greet", { input: z.object({ name: z.string() }) }, ({ name }) => `hello ${name}`);
  emit("ready");
  await wait();
});

const declared = agentProcess(
  { name: "declared", contract: contract({ endpoints: { later: {} } }) },
  async () => {
    await sleep(1_000);
    await wait();
  },
);

const counter = contract({
  events: { counted: z.object({ total: z.number() }) },
  messages: z.object({ add: z.number() }),
});

describe("a message to an agent", () => {
  it("a message to an agent that cannot be sent is refused where it is written, by whichever way", async () => {
    const errors = await run(async () => {
      const worker = await agent("worker");
      return [
        await worker.send(" ").catch(String),
        thrown(() => send(worker, { not: "text" })),
        thrown(() => send("/root/worker", "")),
        await agent("other", { prompt: "x".repeat(60_000) }).catch(String),
        await worker.send("x", fromJavaScript({ deliver: "now" })).catch(String),
      ];
    });
    expect(errors).toEqual([
      expect.stringContaining("MessageRefusedError: The message to /root/worker is empty"),
      expect.stringContaining("/root/worker is an agent and takes text"),
      expect.stringContaining("is empty"),
      expect.stringContaining("MessageRefusedError: A message to /root/other has a line"),
      expect.stringContaining('cannot be delivered as "now"'),
    ]);
  });
});

describe("an agent", () => {
  it("an agent whose model has no name is refused before it is started", async () => {
    const error = await run(async () => await agent("worker", { model: " " }).catch(String));
    expect(error).toContain('The model of /root/worker cannot be " "; write it as "provider/id"');
  });
});

describe("a process that starts itself without end", () => {
  it("a process that starts itself without end is told so, and the run ends", async () => {
    const endless: AgentProcess<[], string> = agentProcess(
      { name: "endless" },
      async (): Promise<string> =>
        await spawn(endless)
          .result()
          .catch((error: unknown) => String(error)),
    );
    expect(await run(async () => await spawn(endless).result())).toContain(
      "…/endless/endless/endless would be more than 200 levels deep",
    );
  });
});

describe("a tool", () => {
  it("a tool without a description is refused where it is given", async () => {
    const error = await run(async () => {
      const worker = await agent("worker");
      return thrown(() => worker.on("finish", fromJavaScript({}), () => ""));
    });
    expect(error).toContain("MisuseError: The tool finish needs a description");
  });
});

describe("a policy", () => {
  it("a policy that cannot be counted with is said to be so", async () => {
    const steady = retry(service, { maxRestarts: -1 });
    const error = await run(async () => await steady().catch(String));
    expect(error).toContain("InvalidSpecError");
    expect(error).toContain("maxRestarts and maxConsecutive are integers >= 0");
  });

  it("a policy is looked for on a child, not on a bare process", async () => {
    const team = supervisor({ children: [fromJavaScript(service)] });
    const error = await run(async () => await spawn(team).result().catch(String));
    expect(error).toContain("make it with child(id, process, [args])");
  });
});

describe("an endpoint", () => {
  it("an endpoint that is unknown fails at once and names those that are there", async () => {
    const error = await run(async () => {
      const handle = spawn(service);
      await handle.events.waitFor("ready");
      return await handle.call("greeet").catch(String);
    });
    expect(error).toContain('/root/service has no endpoint "greeet"; it exposes greet.');
  });

  it("an endpoint that is declared and not yet exposed is waited for, within the call's limit", async () => {
    const root = agentProcess({ name: "root" }, async () => {
      const handle = spawn(declared);
      const late = await handle.call("later", undefined, { timeoutMs: 500 }).catch(String);
      return late;
    });
    const started = await testRun(root, []);
    await started.clock.advance(500);
    expect(await started.finished()).toContain('/root/declared has no endpoint "later"');
  });

  it("an endpoint tells what is wrong with its arguments", async () => {
    const error = await run(async () => {
      const handle = spawn(service);
      await handle.events.waitFor("ready");
      return await handle.call("greet", { nome: "ada" }).catch(String);
    });
    expect(error).toContain("/root/service:greet cannot take this input:\nname: ");
  });

  it("an endpoint of a process that has ended says so, and how it ended", async () => {
    const error = await run(async () => {
      const handle = spawn(service);
      await handle.events.waitFor("ready");
      await handle.cancel();
      return await handle.call("greet", { name: "ada" }).catch(String);
    });
    expect(error).toContain("/root/service:greet: the process has ended (it was stopped).");
  });
});

describe("attach", () => {
  const attached = async (
    use: (worker: Agent, handle: ReturnType<typeof spawnService>) => unknown,
  ) =>
    await run(async () => {
      const worker = await agent("worker");
      const handle = spawnService();
      await handle.events.waitFor("ready");
      return await use(worker, handle);
    });
  const spawnService = () => spawn(service);

  it("attach of an unknown name fails and attaches nothing", async () => {
    const error = await attached(async (worker, handle) => {
      return await handle.attach(worker, { only: ["greet", "grunt"] }).catch(String);
    });
    expect(error).toContain(
      "/root/service:grunt: it is not exposed, so it cannot be attached; exposed are: greet.",
    );
  });

  it("attach of a declared name that is not exposed yet says so", async () => {
    const error = await run(async () => {
      const worker = await agent("worker");
      return await spawn(declared)
        .attach(worker, { only: ["later"] })
        .catch(String);
    });
    expect(error).toContain("later: it is declared and not exposed yet; attach it once it is");
  });

  it("attach refuses a tool that the agent has already, and a prefix helps", async () => {
    const [error, detach] = (await attached(async (worker, handle) => {
      worker.on("greet", { description: "Own." }, () => "own");
      const refused = await handle.attach(worker).catch(String);
      return [refused, typeof (await handle.attach(worker, { prefix: "service_" }))];
    })) as [string, string];
    expect(error).toContain("MisuseError: /root/worker has a tool greet already");
    expect(detach).toBe("function");
  });

  it("attach refuses a prefix that makes a name which no model could use", async () => {
    const error = await attached(async (worker, handle) => {
      return await handle.attach(worker, { prefix: "1 " }).catch(String);
    });
    expect(error).toContain('MisuseError: "1 greet" cannot be a tool\'s name');
  });
});

describe("connect", () => {
  it("connect refuses a direction that is misspelt, and names the two there are", async () => {
    const error = await run(async () => {
      const [a, b] = [await agent("a"), await agent("b")];
      return thrown(() => connect(a, b, { direction: "foward" as "forward" }));
    });
    expect(error).toContain('has no direction "foward"; use "both" or "forward".');
  });

  it("connect refuses what is no agent", async () => {
    const error = await run(async () => thrown(() => connect({} as Agent, {} as Agent)));
    expect(error).toContain("This is no agent of a run; pass what agent() gave.");
  });
});

describe("emit", () => {
  it("emit after the end throws, and says that it has no effect", async () => {
    let late = (): unknown => undefined;
    await run(async () => {
      const done = agentProcess(async function early() {
        late = currentProcess().bind(() => thrown(() => emit("late")));
      });
      await done();
    });
    expect(late()).toContain("/root/early: it has ended, so emit() has no effect");
  });

  it("emit refuses the types that tell a process's end", async () => {
    expect(await run(async () => thrown(() => emit("done")))).toContain(
      "a process's end is told by done() and fail(); choose another type",
    );
  });

  it("emit refuses an event that the contract does not have, and data that does not fit", async () => {
    const errors: string[] = [];
    const root = agentProcess({ name: "root", contract: counter }, async () => {
      errors.push(thrown(() => emit("count", { total: 1 })));
      errors.push(thrown(() => emit("counted", { total: "1" })));
      emit("counted", { total: 1 });
    });
    await (await testRun(root, [])).finished();
    expect(errors[0]).toContain('emit("count"): the contract\'s events are: counted.');
    expect(errors[1]).toContain('ContractError: /root: emit("counted"): total: Invalid input');
  });

  it.each([
    ["a function", { on: { click: () => {} } }, "the value.on.click (a function)"],
    ["a promise", [Promise.resolve()], "the value.0 (a Promise)"],
    ["a symbol", Symbol("x"), "the value (a symbol)"],
    ["a live object", { self: new (class Socket {})() }, "the value.self (a Socket)"],
    ["a function in a map", new Map([["fn", () => {}]]), "the value.fn (a function)"],
  ])("emit refuses %s: it is no data", async (_, data, what) => {
    const error = await run(async () => thrown(() => emit("x", data)));
    expect(error).toContain(`${what} is no data and cannot leave its process`);
  });

  it("emit refuses data that goes round in a circle", async () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const error = await run(async () => thrown(() => emit("x", circle)));
    expect(error).toContain("nested too deeply, or in a circle");
  });

  it("emit takes dates, maps, sets, bytes and errors, and what changes later is not seen", async () => {
    const data = { at: new Date(0), seen: new Map([["a", new Set([1])]]), error: new Error("e") };
    const list = [1];
    const root = agentProcess({ name: "root" }, async () => {
      emit("x", { ...data, list });
      list.push(2);
    });
    const started = await testRun(root, []);
    const event = await started.handle.events.waitFor("x");
    expect(event.data).toEqual({ ...data, list: [1] });
  });
});

describe("send", () => {
  const adder = agentProcess({ name: "adder", contract: counter }, async () => {
    return await receive();
  });

  it("send of a message that does not fit the contract throws at the sender", async () => {
    const [error, result] = await run(async () => {
      const handle = spawn(adder);
      const wrong = thrown(() => send(handle, { add: "one" }));
      send(handle, { add: 1 });
      return [wrong, await handle.result()];
    });
    expect(error).toContain("ContractError: /root/adder: a message to it: add: Invalid input");
    expect(result).toEqual({ add: 1 });
  });

  it("send of a value that is no data throws at the sender", async () => {
    const error = await run(async () => {
      const handle = spawn(service);
      return thrown(() => send(handle, { reply: () => {} }));
    });
    expect(error).toContain("the value.reply (a function) is no data");
  });

  it("send to a path without an actor throws", async () => {
    const error = await run(async () => thrown(() => send("/root/nobody", 1)));
    expect(error).toContain("There is no actor at /root/nobody");
  });
});

describe("currentProcess", () => {
  it("currentProcess refuses the contract of another process", async () => {
    const error = await run(async () => thrown(() => currentProcess(counter)));
    expect(error).toContain("/root was not made with this contract");
  });
});

describe("a process", () => {
  it("a function that is no process cannot be spawned", async () => {
    const error = await run(async () => thrown(() => spawn((() => {}) as never)));
    expect(error).toContain("This is no process; wrap the function: agentProcess(async () => …).");
  });

  it("a process with options of the run cannot be nested, and its name stays free", async () => {
    const nested = agentProcess({ name: "inner", port: 1 }, async () => "ran");
    const [error, result] = await run(async () => [
      thrown(() => spawn(nested)),
      await nested.with({ port: undefined })(),
    ]);
    expect(error).toContain("/root/inner: port belongs to the run");
    expect(result).toBe("ran");
  });
});
