import { describe, expect, it } from "vitest";
import { createSystem, ignore } from "../src/actors/index.ts";
import {
  agent,
  agentProcess,
  bubble,
  child,
  connect,
  expose,
  LocalImage,
  type Machine,
  machine,
  piHarness,
  pool,
  receive,
  retry,
  spawn,
  supervisor,
} from "../src/index.ts";
import { ContainerImage, SandboxImage, SshImage } from "../src/machines/index.ts";
import { checkOptions } from "../src/options.ts";
import { type ChildPolicy, startSupervisor } from "../src/supervisors/index.ts";
import { scriptedHarness, scriptedModel, testRun } from "../src/testing.ts";

/** What a program without types can give. */
function untyped(value: unknown): never {
  return value as never;
}

async function thrown(act: () => unknown): Promise<string> {
  try {
    await act();
    return "nothing was thrown";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Start a supervisor of the kernel with one child that has nothing to run. */
async function start(policy: ChildPolicy): Promise<void> {
  const system = createSystem();
  try {
    await startSupervisor(system, {}, [{ id: "a", start: () => ignore, ...policy }]);
  } finally {
    await system.stop();
  }
}

async function onHost(act: (host: Machine) => Promise<unknown>): Promise<void> {
  const { signal } = new AbortController();
  await using host = await new LocalImage().spawn({ name: "host", signal });
  await act(host);
}

const task = agentProcess({ name: "task" }, async (_: unknown) => "done");

describe("an option that does not exist", () => {
  it.each([
    ["agentProcess", () => agentProcess(untyped({ naem: "x" }), async () => 1), "name"],
    ["with", () => task.with(untyped({ timeout: 5 })), "timeoutMs"],
    ["retry", () => retry(task, untyped({ maxRestart: 1 })), "maxRestarts"],
    ["backoff", () => retry(task, { backoff: untyped({ initialMS: 1 }) }), "initialMs"],
    ["child", () => child("a", task, [1], untyped({ restrat: "never" })), "restart"],
    ["supervisor", () => supervisor(untyped({ child: [] })), "children"],
    ["intensity", () => supervisor({ intensity: untyped({ maxRestart: 1 }) }), "maxRestarts"],
    ["pool", () => pool(untyped({ process: task, sise: 2 })), "size"],
    ["testRun", () => testRun(task, [1], untyped({ scripts: {} })), "script"],
    ["LocalImage", () => new LocalImage(untyped({ workdir: "/tmp" })), "workDir"],
    ["scriptedModel", () => scriptedModel(untyped({ scripts: () => [] })), "script"],
    ["scriptedHarness", () => scriptedHarness({}, untyped({ modle: "a/b" })), "model"],
    ["a spec's backoff", () => start({ backoff: untyped({ initial: 1 }) }), "initialMs"],
    ["a spec's intensity", () => start({ intensity: untyped({ maxRestart: 1 }) }), "maxRestarts"],
    ["SandboxImage", () => new SandboxImage(untyped({ netwerk: false })), "network"],
    ["ContainerImage", () => new ContainerImage(untyped({ imag: "x" })), "image"],
    ["SshImage", () => new SshImage(untyped({ hots: "x" })), "host"],
    ["child.agent", () => child.agent("a", untyped({ sistemPrompt: "x" })), "systemPrompt"],
    ["createSystem", () => createSystem(untyped({ clok: undefined })), "clock"],
    ["exec", () => onHost((host) => host.exec("true", untyped({ timeout: 5 }))), "timeoutMs"],
    ["readFile", () => onHost((host) => host.readFile("x", untyped({ maxBites: 1 }))), "maxBytes"],
    ["writeFile", () => onHost((host) => host.writeFile("x", "", untyped({ mod: 1 }))), "mode"],
    ["piHarness", () => piHarness(untyped({ comand: "pi" })), "command"],
  ])(
    "an option of %s that does not exist is refused with the one that was meant",
    async (_, act, near) => {
      expect(await thrown(act)).toMatch(
        new RegExp(`has no option ".*"; did you mean ${near}\\? It has: `),
      );
    },
  );

  it("an option that does not exist is refused by the verbs of a process", async () => {
    const root = agentProcess({ name: "root" }, async () => {
      const worker = await agent("worker");
      return [
        await thrown(() => agent("other", untyped({ system: "x" }))),
        await thrown(() => agent("third", { nudge: untyped({ tools: "x" }) })),
        await thrown(() => machine(untyped({ img: 1 }))),
        await thrown(() => connect(worker, worker, untyped({ directon: "both" }))),
        await thrown(() => receive(untyped({ timeout: 1 }))),
        await thrown(() => worker.send("x", untyped({ delivr: "steer" }))),
        await thrown(() => bubble(spawn(task, 1), untyped({ onli: [] }))),
        await thrown(() => expose("x", untyped({ descr: "x" }), () => 1)),
        await thrown(() => worker.on("x", untyped({ description: "x", timeout: 5 }), () => 1)),
        await thrown(() =>
          spawn(task.with({ name: "other" }), 2).events.waitFor("done", untyped({ timeout: 5 })),
        ),
      ];
    });
    const run = await testRun(root, [], { script: () => {} });
    const messages = await run.finished();
    expect(messages.map((text) => /did you mean (\w+)/.exec(text)?.[1] ?? text)).toEqual([
      "systemPrompt",
      "tool",
      "image",
      "direction",
      "timeoutMs",
      "deliver",
      "only",
      "description",
      "timeoutMs",
      "timeoutMs",
    ]);
  });
});

describe("an option of the wrong kind", () => {
  it.each([
    [
      "backoff: false",
      () => retry(task, { backoff: untyped(false) }),
      "backoff is an object, not false",
    ],
    [
      "backoff: null",
      () => retry(task, { backoff: untyped(null) }),
      "backoff is an object, not null",
    ],
    [
      "timeoutMs: text",
      () => task.with({ timeoutMs: untyped("5") }),
      'timeoutMs is a number, not "5"',
    ],
    [
      "a policy that is a list",
      () => retry(task, untyped([])),
      "takes an object of options, not a list",
    ],
    [
      "children: one",
      () => supervisor({ children: untyped({}) }),
      "children is a list, not an object",
    ],
  ])("an option of the wrong kind is refused: %s", async (_, act, message) => {
    expect(await thrown(act)).toContain(message);
  });

  it("an option of the wrong kind is no mistake when it is undefined, and an option that nobody meant is named with the known ones", () => {
    const kinds = { size: "number", name: "text" } as const;
    expect(() => checkOptions("x()", { size: undefined }, kinds)).not.toThrow();
    expect(() => checkOptions("x()", undefined, kinds)).not.toThrow();
    expect(() => checkOptions("x()", { zzzzzzzz: 1 }, kinds)).toThrow(
      'x() has no option "zzzzzzzz"; It has: size, name.',
    );
  });
});
