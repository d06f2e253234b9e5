import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundlePrograms } from "../../setup/programs.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const bundles = join(root, "dist/test/at-terminal", String(process.pid));
let folder = "";
let program = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ramure-terminal-"));
  const source = join(folder, "quick.ts");
  const index = join(root, "src/index.ts");
  await writeFile(
    source,
    `import { agentProcess } from ${JSON.stringify(index)};\nawait agentProcess(async function quick() {})();\n`,
  );
  await bundlePrograms([source], bundles);
  program = join(bundles, "quick.mjs");
});

afterAll(async () => {
  for (const made of [folder, bundles]) await rm(made, { recursive: true, force: true });
});

it("a program at a terminal says that its run began, and what to type", async () => {
  const env = { RAMURE_HOME: join(folder, "home") };
  const words = ["-qec", `${process.execPath} ${program}`, "/dev/null"];
  const { stdout } = await execa("script", words, { env });
  expect(stdout.trim()).toMatch(
    /^ramure: run [0-9a-z]{10} began; ramure status shows it, ramure connect AGENT opens an agent's terminal\.$/,
  );
});

it("a program without a terminal says nothing of its run", async () => {
  const { stdout, stderr } = await execa(process.execPath, [program], {
    env: { RAMURE_HOME: join(folder, "home") },
  });
  expect([stdout, stderr]).toEqual(["", ""]);
});
