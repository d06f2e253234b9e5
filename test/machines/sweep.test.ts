import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { sweep } from "../../src/machines/sweep.ts";
import { localMachine, scratch } from "./scratch.ts";

const newFolder = scratch();
const started: ReturnType<typeof spawn>[] = [];

afterEach(() => {
  for (const child of started.splice(0)) end(child.pid);
});

function end(group: number | undefined): void {
  try {
    process.kill(-(group ?? 0), "SIGKILL");
  } catch {
    // It has ended.
  }
}

async function marked(
  entry: string,
  line = "sleep 50",
): Promise<{ readonly ended: () => boolean }> {
  const [name = "", ...value] = entry.split("=");
  const env = { ...process.env, [name]: value.join("=") };
  const child = spawn("sh", ["-c", `echo up; ${line}; true`], {
    env,
    stdio: "pipe",
    detached: true,
  });
  started.push(child);
  await once(child.stdout, "data");
  return { ended: () => child.exitCode !== null || child.signalCode !== null };
}

describe.runIf(process.platform === "linux")("A sweep of a machine", () => {
  it("a sweep of a machine ends what carries exactly the marker and nothing else", async () => {
    await using machine = await localMachine(newFolder());
    const ours = await marked("SWEPT=a.b*[x]");
    const others = await Promise.all(
      ["SWEPT=a.b*[x]y", "SWEPT=aXb", "SWEPT=", "XSWEPT=a.b*[x]"].map((entry) => marked(entry)),
    );
    expect(await sweep(machine, { marker: "SWEPT=a.b*[x]" })).toEqual([]);
    await expect.poll(ours.ended).toBe(true);
    expect(others.map(({ ended }) => ended())).toEqual([false, false, false, false]);
  });

  it("a sweep of a machine spares strangers when the marker has a line break in it", async () => {
    await using machine = await localMachine(newFolder());
    const ours = await marked("TMUX=/tmp\nx/tmux,12,3");
    const strangers = await Promise.all(
      ["TMUX=/tmp/tmux-0/default,7,0", "TMUX=/tmp", "Y=x/tmux,12,"].map((entry) => marked(entry)),
    );
    expect(await sweep(machine, { marker: "TMUX=/tmp\nx/tmux,", prefix: true }, "KILL")).toEqual(
      [],
    );
    await expect.poll(ours.ended).toBe(true);
    expect(strangers.map(({ ended }) => ended())).toEqual([false, false, false]);
  });

  it("a sweep of a machine kills what ignores SIGTERM, and what it starts meanwhile", async () => {
    await using machine = await localMachine(newFolder());
    const ours = await marked("SWEPT=stubborn", "trap '' TERM; while :; do sleep 0.3; done");
    expect(await sweep(machine, { marker: "SWEPT=stubborn" })).toEqual([]);
    await expect.poll(ours.ended).toBe(true);
  });
});
