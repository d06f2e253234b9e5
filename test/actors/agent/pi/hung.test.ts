import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { piHarness } from "../../../../src/actors/agent/pi/harness.ts";
import { agent, agentProcess, currentRuntime, done, expose, wait } from "../../../../src/index.ts";
import { findMarked } from "../../../../src/machines/local/processes.ts";
import { agentMemoryOf } from "../../../../src/supervisors/process/agent.ts";
import { testRun } from "../../../../src/testing.ts";
import { piWorld } from "./pi-world.ts";

/** Loaded into pi, it blocks pi's event loop for good at a signal: timers, sockets, handlers, all of it. */
const hanger = (sign: string) => `import { writeFileSync } from "node:fs";
export default () => {
  process.on("SIGUSR2", () => {
    writeFileSync(${JSON.stringify(sign)}, "");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
};
`;

describe("a real pi that hangs", () => {
  it("a real pi that hangs answers no ping: its link is cut, and another goes on with session and messages", async () => {
    await using world = await piWorld();
    const extension = join(world.root, "hanger.mjs");
    const sign = join(world.root, "hangs");
    await writeFile(extension, hanger(sign));
    const agentDir = join(world.root, "agent");
    const harness = piHarness({ agentDir, args: ["-e", extension] });
    let run = "";
    const program = agentProcess(async function team() {
      run = currentRuntime().id;
      await agent("worker", { policy: { backoff: { initialMs: 1, maxMs: 1, jitter: 0 } } });
      expose("stop", () => done());
      await wait();
    });
    const { handle, clock, finished } = await testRun(program, [], { harness });
    await expect.poll(() => handle.agents.get("worker")?.state).toBe("idle");
    const worker = handle.agents.get("worker");
    if (!worker) throw new Error("no worker");
    const seen = (type: string) =>
      agentMemoryOf(worker)
        .events.recent()
        .filter((event) => event.type === type)
        .map(({ data }) => data as { pid: number; session: string });
    expect(await (await worker.send("FIRST\n!say one")).turn()).toMatchObject({ text: "one" });
    const states = new Set<string>();

    process.kill(seen("started")[0]?.pid ?? 0, "SIGUSR2");
    await expect.poll(() => existsSync(sign)).toBe(true);
    // The bridge asks by real time, every 15 s.
    const waiting = [await worker.send("SECOND\n!say two"), await worker.send("THIRD\n!say three")];
    await expect
      .poll(async () => {
        await clock.advance(5_000);
        states.add(worker.state);
        return seen("exited").length;
      })
      .toBe(1);
    expect(states).toContain("suspect");
    expect(seen("exited")).toMatchObject([
      { class: "lost", message: expect.stringContaining("its link did not come back") },
    ]);

    await expect
      .poll(async () => {
        await clock.advance(5);
        return seen("started").length;
      })
      .toBe(2);
    const [hung, heir] = seen("started");
    expect(heir?.session).toBe(hung?.session);
    const living = (await findMarked("RAMURE_RUN", run)) ?? [];
    expect(living.map(({ pid }) => pid)).toContain(heir?.pid);
    expect(living.map(({ pid }) => pid)).not.toContain(hung?.pid);
    for (const [n, text] of ["two", "three"].entries()) {
      expect(await waiting[n]?.turn()).toMatchObject({ text });
    }
    const { messages = [] } = world.model.requests.at(-1) ?? {};
    const said = messages.filter(({ role }) => role === "user").map(({ text }) => text.slice(0, 6));
    expect(said).toEqual(["FIRST\n", "SECOND", "THIRD\n"]);
    await handle.call("stop");
    await finished();
  });
});
