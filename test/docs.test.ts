import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import * as actors from "../src/actors/index.ts";
import * as main from "../src/index.ts";
import {
  blocksOf,
  type CodeBlock,
  codeBlocks,
  docExamples,
  examplesOf,
} from "./setup/code-blocks.ts";
import { bundlePrograms } from "./setup/programs.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const blocks = await codeBlocks(root);
const examples = docExamples();
const runnable = ({ runs }: CodeBlock) => runs;
const runLimitMs = 150_000;

const entries = {
  ramure: ["src/index.ts"],
  "ramure/actors": ["src/actors/index.ts"],
  "ramure/supervisors": ["src/supervisors/index.ts"],
  "ramure/machines": ["src/machines/index.ts"],
  "ramure/testing": ["src/testing.ts"],
};

let folder: string;
/** Holds the blocks of the pages as programs that Node starts by itself. */
const bundles = join(root, "dist/test/docs", String(process.pid));
const nameOf = ({ at }: CodeBlock): string => at.replaceAll(/[^a-z0-9]+/gi, "-");
const fileOf = (block: CodeBlock): string => `${nameOf(block)}.ts`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ramure-docs-"));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(tsconfig()));
  const imports = Object.keys(entries).map((name) => `import ${JSON.stringify(name)};\n`);
  await writeFile(join(folder, "entries.ts"), imports.join(""));
  for (const block of [...blocks, ...examples]) {
    await writeFile(join(folder, fileOf(block)), `${block.code}\nexport {};\n`);
  }
  const programs = blocks.filter(runnable).map((block) => join(folder, fileOf(block)));
  await bundlePrograms(programs, bundles);
});

afterAll(async () => {
  for (const made of [folder, bundles]) await rm(made, { recursive: true, force: true });
});

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

describe("the code in README.md, docs/ and doc comments", () => {
  it("a block of code is found in the fences of a page", () => {
    expect(blocksOf("a.md", "x\n```ts no-run\nlet a;\n```\n\n  ```ts\n  let b;\n  ```\n")).toEqual([
      { at: "a.md:3", code: "let a;\n", runs: false },
      { at: "a.md:7", code: "let b;\n", runs: true },
    ]);
  });

  it("an example is found after the @example of a doc comment", () => {
    const source =
      "let a;\n/**\n * Say it.\n *\n * @example\n * ```ts\n * sing();\n * ```\n */\nexport async function sing() {}\n";
    expect(examplesOf("a.ts", source)).toEqual([
      { at: "a.ts:7", code: "sing();\n", runs: true, of: "sing" },
    ]);
  });

  it("the code of all pages and doc comments compiles", async () => {
    const { stdout } = await execa("tsc", ["-p", folder, "--pretty", "false"], {
      cwd: root,
      preferLocal: true,
      reject: false,
    });
    expect(stdout).toBe("");
  });

  it.each(blocks.filter(runnable).map((block) => [block.at, block] as const))(
    "the code of a page runs to its end: %s",
    async (_, block) => {
      const home = await mkdtemp(join(tmpdir(), "ramure-docs-home-"));
      try {
        const program = join(bundles, `${nameOf(block)}.mjs`);
        const { exitCode, all } = await execa(process.execPath, [program], {
          cwd: root,
          env: { RAMURE_HOME: home },
          stdin: "ignore",
          all: true,
          reject: false,
          timeout: runLimitMs,
        });
        expect({ exitCode, all: exitCode === 0 ? "" : all }).toEqual({ exitCode: 0, all: "" });
      } finally {
        await rm(home, { recursive: true, force: true });
      }
    },
    runLimitMs + 10_000,
  );

  // Examples are small and many: they run in this process, each as a module of its own.
  it.each(examples.filter(runnable).map((example) => [example.at, example] as const))(
    "the example of a doc comment runs to its end: %s",
    async (_, example) => {
      const home = await mkdtemp(join(tmpdir(), "ramure-docs-home-"));
      vi.stubEnv("RAMURE_HOME", home);
      vi.spyOn(console, "log").mockReturnValue();
      try {
        await import(/* @vite-ignore */ join(folder, fileOf(example)));
      } finally {
        vi.unstubAllEnvs();
        await rm(home, { recursive: true, force: true });
      }
    },
    runLimitMs,
  );

  it.each([
    ["ramure", main],
    ["ramure/actors", actors],
  ])("an example stands at every verb of %s", (_, entry) => {
    const shown = new Set(examples.map(({ of }) => of));
    expect(verbsOf(entry).filter((verb) => !shown.has(verb))).toEqual([]);
  });
});

/** The functions that an entry point exports, without its classes. */
function verbsOf(entry: object): readonly string[] {
  return Object.entries(entry).flatMap(([name, value]) =>
    typeof value === "function" && !String(value).startsWith("class") ? [name] : [],
  );
}
