import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openBridge } from "../../../../src/actors/agent/bridge/bridge.ts";
import { harnessConformance } from "../../../../src/actors/agent/conformance/conformance.ts";
import type { HarnessSubject } from "../../../../src/actors/agent/conformance/kit.ts";
import type { ScriptedAgent } from "../../../../src/actors/agent/scripted/agent.ts";
import { scriptedHarness } from "../../../../src/actors/agent/scripted/harness.ts";
import { nowhere } from "../actor/agent-world.ts";

/** Does what the lines of its messages say. */
async function obedient(agent: ScriptedAgent): Promise<void> {
  for await (const { text } of agent.messages) {
    for (const line of text.split("\n")) {
      const [word, first = "", ...rest] = line.split(" ");
      if (word === "!say") agent.say([first, ...rest].join(" "));
      if (word === "!call") await agent.call(first, JSON.parse(rest.join(" "))).catch(unlessCalled);
    }
  }
}

/** The model reads the error of a tool; the end of its turn is no such thing. */
function unlessCalled(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "scripted-tool")) throw error;
}

let made: (HarnessSubject & { readonly root: string }) | undefined;

beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), "rh-"));
  const bridge = await openBridge({ socket: join(root, "s", "b.sock") });
  const harness = scriptedHarness(obedient);
  made = { root, bridge, harness, machine: nowhere, run: "conformance", dir: root };
});

afterAll(async () => {
  await made?.bridge.close();
  if (made) await rm(made.root, { recursive: true });
});

describe("the scripted harness", () => {
  const cases = harnessConformance(() => {
    if (!made) throw new Error("nothing was made");
    return made;
  });
  for (const { title, run } of cases) it(title, () => run());
});
