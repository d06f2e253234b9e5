import { mkdtempSync, rmSync } from "node:fs";
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
