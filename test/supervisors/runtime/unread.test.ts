import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { agentProcess, fail, spawn } from "../../../src/index.ts";
import { temporaryHome } from "../../fixtures/fake-run.ts";

let remove: () => Promise<void>;

beforeEach(async () => {
  const made = await temporaryHome();
  vi.stubEnv("RAMURE_HOME", made.home);
  remove = made.remove;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await remove();
});

const kid = agentProcess({ name: "kid" }, async () => fail("no luck"));

it("a failure of a spawned process that nobody reads is told at the terminal", async () => {
  const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  await agentProcess({ name: "main" }, async () => {
    const { state } = await failed();
    expect(state).toBe("failed");
  })();
  expect(said.mock.calls.map(([text]) => text)).toEqual([
    "ramure: /main/kid failed: no luck (nobody has asked for its result so far)\n",
  ]);
});

it("a failure of a spawned process whose result or events are read is not told", async () => {
  const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  await agentProcess({ name: "main" }, async () => {
    await expect(spawn(kid).result()).rejects.toThrow("no luck");
    await spawn(kid.with({ name: "other" })).events.waitFor("failed");
  })();
  expect(said).not.toHaveBeenCalled();
});

/** The handle of a process that has failed, which nobody has read. */
async function failed(): Promise<{ readonly state: string }> {
  const handle = spawn(kid);
  await vi.waitUntil(() => handle.state === "failed");
  return handle;
}
