import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blocksOf, type CodeBlock, codeBlocks } from "./setup/code-blocks.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const blocks = await codeBlocks(root);
const programs = blocks.filter(({ runs }) => runs);
const runLimitMs = 60_000;

const entries = {
  ramure: ["src/index.ts"],
  "ramure/actors": ["src/actors/index.ts"],
  "ramure/supervisors": ["src/supervisors/index.ts"],
  "ramure/machines": ["src/machines/index.ts"],
  "ramure/testing": ["src/testing.ts"],
};

let folder: string;
const fileOf = ({ at }: CodeBlock): string => `${at.replaceAll(/[^a-z0-9]+/gi, "-")}.ts`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ramure-docs-"));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(tsconfig()));
  const imports = Object.keys(entries).map((name) => `import ${JSON.stringify(name)};\n`);
  await writeFile(join(folder, "entries.ts"), imports.join(""));
  for (const block of blocks) {
    await writeFile(join(folder, fileOf(block)), `${block.code}\nexport {};\n`);
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function tsconfig(): object {
  const paths = Object.entries(entries).map(([name, files]) => [
    name,
    files.map((file) => join(root, file)),
  ]);
  return {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      noUnusedLocals: false,
      noUnusedParameters: false,
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
      paths: Object.fromEntries(paths),
    },
    include: ["./*.ts"],
  };
}

describe("the code in README.md and docs/", () => {
  it("is there", () => {
    expect(blocksOf("a.md", "x\n```ts no-run\nlet a;\n```\n\n  ```ts\n  let b;\n  ```\n")).toEqual([
      { at: "a.md:3", code: "let a;\n", runs: false },
      { at: "a.md:7", code: "let b;\n", runs: true },
    ]);
  });

  it("compiles", async () => {
    const { stdout } = await execa("tsc", ["-p", folder, "--pretty", "false"], {
      cwd: root,
      preferLocal: true,
      reject: false,
    });
    expect(stdout).toBe("");
  }, 120_000);

  it.each(programs.map((block) => [block.at, block] as const))(
    "runs to its end: %s",
    async (_, block) => {
      const home = await mkdtemp(join(tmpdir(), "ramure-docs-home-"));
      try {
        const { exitCode, all } = await execa(
          process.execPath,
          ["--import", "tsx", join(folder, fileOf(block))],
          {
            cwd: root,
            env: { RAMURE_HOME: home, TSX_TSCONFIG_PATH: join(folder, "tsconfig.json") },
            stdin: "ignore",
            all: true,
            reject: false,
            timeout: runLimitMs,
          },
        );
        expect({ exitCode, all: exitCode === 0 ? "" : all }).toEqual({ exitCode: 0, all: "" });
      } finally {
        await rm(home, { recursive: true, force: true });
      }
    },
    runLimitMs + 10_000,
  );
});
