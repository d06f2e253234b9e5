import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { root } from "../../scripts/source-files.ts";

async function start(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const script = join(root, "scripts/test-pi-latest.mjs");
  return await execa(process.execPath, [...words, script], { env, reject: false });
}

describe("the suites with the newest pi", () => {
  it("the suites with the newest pi say where there is no Node for them, and what to do there", async () => {
    const onMac =
      'data:text/javascript,Object.defineProperty(process,"platform",{value:"darwin"});Object.defineProperty(process,"arch",{value:"arm64"})';
    const { exitCode, stderr } = await start(["--import", onMac]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("for linux-x64 and linux-arm64 only; this is darwin-arm64");
    expect(stderr).toContain("npx vitest run test/actors/agent");
  });

  it("the suites with the newest pi say what could not be installed, and leave no half of it", async () => {
    const cache = await mkdtemp(join(tmpdir(), "ramure-latest-"));
    const { exitCode, stderr } = await start([], {
      XDG_CACHE_HOME: cache,
      npm_config_cache: join(cache, "npm"),
      npm_config_registry: "http://127.0.0.1:1/",
      npm_config_fetch_retries: "0",
    });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/installing node-linux-\w+@\S+ \(once\)/);
    expect(stderr).toMatch(/node-linux-\w+@\S+ could not be installed \(npm's exit code 1/);
    expect(await readdir(join(cache, "ramure"))).toEqual([]);
    await rm(cache, { recursive: true });
  });
});
