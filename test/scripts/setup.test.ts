import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { root } from "../../scripts/source-files.ts";

/** Holds the only commands that the set-up finds. */
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ramure-setup-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function setUp(call: string): Promise<{ exitCode: number | undefined; stderr: string }> {
  const script = pathToFileURL(join(root, "scripts/setup.mjs")).href;
  const code = `import * as setup from ${JSON.stringify(script)}; setup.${call};`;
  const { exitCode, stderr } = await execa(process.execPath, ["--input-type=module", "-e", code], {
    env: { PATH: folder },
    reject: false,
  });
  return { exitCode, stderr };
}

async function command(name: string, script: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
}

describe("setting up a clone", () => {
  it.each(["18.20.8", "20.18.1"])(
    "setting up a clone says that Node %s is too old",
    async (version) => {
      const { exitCode, stderr } = await setUp(`checkNode("${version}")`);
      expect(exitCode).toBe(1);
      expect(stderr).toContain(`this is Node ${version}; ramure needs 20.19 or newer`);
    },
  );

  it.each(["20.19.0", "20.20.2", "22.0.0", "26.1.0"])(
    "setting up a clone takes Node %s",
    async (version) => {
      expect(await setUp(`checkNode("${version}")`)).toEqual({ exitCode: 0, stderr: "" });
    },
  );

  it("setting up a clone leaves a tmux alone that is there", async () => {
    await command("tmux", "exit 0");
    expect(await setUp("setUpTmux()")).toEqual({ exitCode: 0, stderr: "" });
  });

  it("setting up a clone says what to type where it cannot install tmux", async () => {
    const { exitCode, stderr } = await setUp("setUpTmux()");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("tmux is missing. Install it and start again");
    expect(stderr).toContain("apt-get install -y -qq tmux");
  });

  it("setting up a clone installs tmux with the package manager that is there", async () => {
    await command("sudo", 'while [ "$1" = -n ]; do shift; done; "$@"');
    await command("true", "exit 0");
    await command("dnf", `echo "$@" >> ${join(folder, "log")}`);
    const { exitCode, stderr } = await setUp("setUpTmux()");
    expect(stderr).toContain("installing tmux (once)");
    expect(exitCode).toBe(0);
    expect(await readFile(join(folder, "log"), "utf8")).toContain("install -y tmux");
  });

  it("setting up a clone says which line failed", async () => {
    await command("sudo", 'while [ "$1" = -n ]; do shift; done; "$@"');
    await command("true", "exit 0");
    await command("apk", 'test "$1" = --version');
    const { exitCode, stderr } = await setUp("setUpTmux()");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("apk add tmux` failed with exit code 1");
  });
});
