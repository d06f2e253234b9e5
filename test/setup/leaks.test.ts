import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { leaksOf } from "./leaks.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ramure-leaks-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe("what a run of the suites left behind", () => {
  it("the remains of a run of the suites is every living process with its mark, and no other", async () => {
    const leak = execa("sleep", ["60"], { env: { RAMURE_TEST_RUN: "mine" }, reject: false });
    const other = execa("sleep", ["60"], { env: { RAMURE_TEST_RUN: "theirs" }, reject: false });
    try {
      expect(leaksOf("mine", folder)).toEqual([
        { what: `process ${leak.pid}: sleep 60`, pid: leak.pid },
      ]);
    } finally {
      leak.kill("SIGKILL");
      other.kill("SIGKILL");
      await Promise.all([leak, other]);
    }
    expect(leaksOf("mine", folder)).toEqual([]);
  });

  it("the remains of a run of the suites is every process that names its folder, whatever its environment", async () => {
    await writeFile(join(folder, "log"), "");
    const leak = execa("tail", ["-f", join(folder, "log")], {
      env: {},
      extendEnv: false,
      reject: false,
      stdio: "ignore",
    });
    try {
      expect(leaksOf("mine", folder).map(({ pid }) => pid)).toContain(leak.pid);
    } finally {
      leak.kill("SIGKILL");
      await leak;
    }
  });

  it("the remains of a run of the suites is every folder of ours in its temporary one", async () => {
    await mkdir(join(folder, "ramure-x"));
    await mkdir(join(folder, "tsx-0"));
    expect(leaksOf("mine", folder)).toEqual([{ what: "ramure-x in the temporary folder" }]);
  });
});
