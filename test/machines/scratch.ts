import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { LocalImage, type LocalMachine } from "../../src/machines/local/local.ts";

/** Make folders under one folder that is removed after the tests of the file. Call it outside tests. */
export function scratch(): () => string {
  const root = mkdtempSync(join(tmpdir(), "ramure-test-"));
  let count = 0;
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  return () => {
    count += 1;
    return join(root, String(count));
  };
}

/** Start a local machine in a folder. */
export function localMachine(
  workDir: string,
  env: Readonly<Record<string, string>> = {},
): Promise<LocalMachine> {
  const signal = new AbortController().signal;
  return new LocalImage({ workDir, env }).spawn({ name: "test", signal });
}

/** Mount a disk of 4 MB for the tests of the file; undefined where this user may not. Call it outside tests. */
export function smallDisk(): string | undefined {
  if (!process.env.RAMURE_TEST_MACHINES) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "rt-disk-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "none", folder]);
  chmodSync(folder, 0o777);
  afterAll(() => {
    if (mounted.status === 0) spawnSync("umount", ["-l", folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  return mounted.status === 0 ? folder : undefined;
}
