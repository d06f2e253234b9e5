import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fanOut } from "../../examples/fan-out.ts";
import { supervisedRetry } from "../../examples/supervised-retry.ts";
import type { ModelScript } from "../../src/actors/agent/scripted/model.ts";
import { type Harness, piHarness } from "../../src/index.ts";
import { scriptedModel } from "../../src/testing.ts";

type Step = Awaited<ReturnType<ModelScript>>[number];

/** Runs `use` with real pis that think with a script: `act` decides over the newest message of a person. */
async function withPi<Result>(
  act: (text: string) => Step,
  use: (harness: Harness) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), "example-pi-"));
  await using model = await scriptedModel(({ messages }) => {
    const newest = messages.findLast(({ role }) => role === "user" || role === "tool");
    return [newest?.role === "user" ? act(newest.text) : { type: "say", text: "ok" }];
  });
  try {
    return await use(piHarness({ agentDir: await model.agentDir(directory) }));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

describe("with the real pi", () => {
  it("supervised-retry starts a fresh pi after a failure, and tells it of the last one", async () => {
    const told: string[] = [];
    const result = await withPi(
      (text) => {
        told.push(text);
        return text.includes("Attempt 1")
          ? { type: "call", tool: "finish", args: { summary: "second time lucky" } }
          : { type: "call", tool: "give_up", args: { reason: "it rains" } };
      },
      (harness) => supervisedRetry.with({ harness })("Do it."),
    );
    expect(result).toBe("second time lucky");
    expect(told.at(-1)).toContain("Attempt 1: /attempt/run failed: it rains");
  });

  it("fan-out runs two pis called worker at once, then a third", async () => {
    const result = await withPi(
      (text) => {
        const topic = /about (\w+)/.exec(text)?.[1];
        const notes = /notes:\n(\S+)\n---\n(\S+)/.exec(text);
        const said = topic ?? `${notes?.[1]} and ${notes?.[2]}`;
        return { type: "call", tool: "hand_in", args: { text: said } };
      },
      (harness) => fanOut.with({ harness })(["cats", "dogs"]),
    );
    expect(result).toBe("cats and dogs");
  });
});
