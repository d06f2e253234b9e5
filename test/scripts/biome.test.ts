import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterEach, describe, expect, it } from "vitest";
import { root } from "../../scripts/source-files.ts";

/* The rules of the house that Biome keeps: that our settings switch them on, and that they find it. */

const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function complaints(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), "ramure-biome-"));
  folders.push(folder);
  const settings: unknown = JSON.parse(await readFile(join(root, "biome.json"), "utf8"));
  const ours = { ...Object(settings), vcs: { enabled: false } };
  delete ours.$schema;
  await writeFile(join(folder, "biome.json"), JSON.stringify(ours));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  }
  const { stderr, stdout } = await execa("biome", ["lint", "--colors=off", "."], {
    cwd: folder,
    localDir: root,
    preferLocal: true,
    reject: false,
  });
  const found = `${stdout}\n${stderr}`.matchAll(/^(\S+?):\d+:\d+ lint\/\w+\/(\w+)/gm);
  return [...found].map(([, file, rule]) => `${file} ${rule}`).sort();
}

describe("biome", () => {
  it("biome forbids two files to import each other, even for a type", async () => {
    const found = await complaints({
      "src/a.ts": 'import type { B } from "./b.ts";\nexport type A = B | 1;\n',
      "src/b.ts": 'import type { A } from "./a.ts";\nexport type B = A | 2;\n',
    });
    expect(found).toEqual(["src/a.ts noImportCycles", "src/b.ts noImportCycles"]);
  });

  it("biome forbids a file of more than 400 lines, and a function of more than 60, in src", async () => {
    const lines = Array.from({ length: 401 }, (_, line) => `export const a${line} = ${line};`);
    const body = Array.from({ length: 61 }, (_, line) => `  console.log(${line});`);
    const found = await complaints({
      "src/long.ts": `${lines.join("\n")}\n`,
      "src/function.ts": `export function long(): void {\n${body.join("\n")}\n}\n`,
      "test/long.ts": `${lines.join("\n")}\n`,
    });
    expect(found).toEqual([
      "src/function.ts noExcessiveLinesPerFunction",
      "src/long.ts noExcessiveLinesPerFile",
    ]);
  });

  it.each([
    ["a promise that nobody owns", "noFloatingPromises", "async function go() {}\ngo();\n"],
    ["any", "noExplicitAny", "export const a: any = 1;\n"],
    ["!", "noNonNullAssertion", "export const a = (b?: string) => b!.length;\n"],
    ["a default export", "noDefaultExport", "export default 1;\n"],
  ])("biome forbids %s", async (_, rule, text) => {
    expect(await complaints({ "src/a.ts": text })).toEqual([`src/a.ts ${rule}`]);
  });
});
