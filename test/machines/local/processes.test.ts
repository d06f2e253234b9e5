import { describe, expect, it } from "vitest";
import {
  endAll,
  findMarked,
  isLive,
  liveProcesses,
  readProcess,
} from "../../../src/machines/local/processes.ts";
import { localMachine, scratch } from "../scratch.ts";

const newFolder = scratch();
let runs = 0;

function newRun(): string {
  runs += 1;
  return `test-${process.pid}-${runs}`;
}

/** A machine of a run that has left these commands in sessions of their own. */
async function leftBehind(run: string, ...lines: readonly string[]) {
  const machine = await localMachine(newFolder(), { RAMURE_RUN: run });
  for (const line of lines) {
    await machine.exec(`setsid bash -c ${JSON.stringify(line)} >/dev/null 2>&1 & sleep 0.1`);
  }
  return machine;
}

describe.runIf(process.platform === "linux")("The process table", () => {
  it("the process table finds what carries the mark, wherever it moved to", async () => {
    const run = newRun();
    await using _machine = await leftBehind(run, "sleep 40", "cd / && sleep 41");
    const found = await findMarked("RAMURE_RUN", run);
    expect(found?.length).toBeGreaterThanOrEqual(2);
    expect(new Set(found?.map(({ session }) => session)).size).toBe(2);
    expect(await findMarked("RAMURE_RUN", `${run}0`)).toEqual([]);
    expect(await findMarked("AMURE_RUN", run)).toEqual([]);
  });

  it("the process table ends what carries the mark, also what ignores SIGHUP and SIGTERM", async () => {
    const run = newRun();
    await using _machine = await leftBehind(
      run,
      "sleep 40",
      "trap '' HUP TERM; sleep 41; sleep 42; sleep 43",
    );
    const swept = await endAll(() => findMarked("RAMURE_RUN", run), 300);
    expect(swept.supported).toBe(true);
    expect(swept.left).toEqual([]);
    expect(swept.ended.length).toBeGreaterThanOrEqual(2);
    expect(await findMarked("RAMURE_RUN", run)).toEqual([]);
  });

  it("the process table looks again for what it killed, however short the grace", async () => {
    const run = newRun();
    const deaf = "trap '' HUP TERM; sleep 41; sleep 42; sleep 43";
    await using _machine = await leftBehind(run, deaf, deaf);
    const swept = await endAll(() => findMarked("RAMURE_RUN", run), 0);
    expect(swept).toMatchObject({ supported: true, left: [] });
  });

  it("the process table finds nothing to end where nothing is marked, and this process never", async () => {
    expect(await endAll(() => findMarked("RAMURE_RUN", newRun()), 100)).toEqual({
      supported: true,
      ended: [],
      left: [],
    });
    const path = process.env.PATH ?? "";
    expect((await findMarked("PATH", path))?.some(({ pid }) => pid === process.pid)).toBe(false);
  });

  it("the process table tells a process from a later one with the same pid", async () => {
    const own = await readProcess(process.pid);
    expect(own).toMatchObject({ pid: process.pid });
    if (!own) return;
    expect(await isLive(own)).toBe(true);
    expect(await isLive({ ...own, startTime: own.startTime - 1 })).toBe(false);
  });

  it("the process table does not count a zombie as living", async () => {
    await using machine = await localMachine(newFolder());
    // The child's parent becomes a sleep, which never asks how its child ended.
    const duplex = await machine.duplex(["bash", "-c", "sleep 0 & echo $!; exec sleep 30"]);
    const [line] = await new Promise<string[]>((resolve) => {
      duplex.output.once("data", (chunk: Buffer) => resolve(String(chunk).split("\n")));
    });
    const pid = Number(line);
    await expect.poll(() => readProcess(pid)).toBeUndefined();
    expect((await liveProcesses())?.some((entry) => entry.pid === pid)).toBe(false);
    expect(() => process.kill(pid, 0)).not.toThrow();
  });
});
