import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AgentStartError } from "../../../src/actors/agent/errors.ts";
import type { Harness, LaunchSpec } from "../../../src/actors/agent/wire/harness.ts";
import { systemClock } from "../../../src/actors/clock.ts";
import { createRedaction, type Redaction } from "../../../src/actors/data/redaction.ts";
import { ThingLog } from "../../../src/supervisors/home/things.ts";
import { runHarness } from "../../../src/supervisors/runtime/run-harness.ts";

const token = "t".repeat(40);

let directory = "";
let redaction: Redaction;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ramure-outfit-"));
  redaction = createRedaction();
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** Launch an agent by a harness that does this. */
async function launch(harness: Harness["launch"]) {
  const outfit = {
    redaction,
    things: new ThingLog({ file: join(directory, "things"), run: "r1", clock: systemClock }),
    paneLog: (path: string) => `${join(directory, "agents", path)}.pane.log`,
  };
  const spec = { path: "/main/pool/worker", epoch: 3, token } as LaunchSpec;
  return await runHarness({ kind: "fake", launch: harness }, outfit).launch(spec);
}

const running = (detail: string) => ({
  exited: Promise.resolve({ exitCode: 1, detail }),
  alive: async () => true,
  attach: () => ["true"],
  stop: async () => {},
  kill: async () => {},
});

describe("the harness of a run", () => {
  it("the harness of a run records what is made, for whom", async () => {
    await launch(async ({ record }) => {
      await record?.({ kind: "tmux-server", file: "/x" });
      return running("");
    });
    expect(JSON.parse(await readFile(join(directory, "things"), "utf8"))).toMatchObject({
      kind: "tmux-server",
      file: "/x",
      run: "r1",
      path: "/main/pool/worker",
      epoch: 3,
    });
  });

  it("the harness of a run logs the terminal by the agent's path, in a directory for this user alone", async () => {
    await launch(async ({ paneLog = "" }) => {
      expect(paneLog).toBe(join(directory, "agents/main/pool/worker.pane.log"));
      expect((await stat(dirname(paneLog))).mode & 0o777).toBe(0o700);
      return running("");
    });
  });

  it("the harness of a run takes secrets out of the last words on the screen", async () => {
    const { exited } = await launch(async ({ conceal }) => {
      conceal?.("hunter22");
      return running(`the key is hunter22, the token ${token}`);
    });
    expect((await exited).detail).toBe("the key is [redacted], the token [redacted]");
  });

  it("the harness of a run takes secrets out of why it did not start, and leaves the error what it is", async () => {
    const failure = new AgentStartError(`no such token: ${token}`);
    const error = await launch(() => Promise.reject(failure)).catch((thrown: unknown) => thrown);
    expect(error).toBe(failure);
    expect(String(error)).toBe("AgentStartError: no such token: [redacted]");
    expect(failure.stack).not.toContain(token);
  });
});
