import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { isProgram, root } from "../source-files.ts";
import { exportedNames, reexports, statementsOf } from "./declarations.ts";

/*
 * docs/api/ lists what a user can import, as the compiler sees it: a change to it is seen in review.
 * Signatures only; their comments stand in the declarations, which an editor shows.
 * `npm run api` rewrites it; without `--write` this fails when it is out of date.
 */

const entries: readonly (readonly [name: string, file: string])[] = [
  ["ramure", "index.d.ts"],
  ["actors", "actors/index.d.ts"],
  ["supervisors", "supervisors/index.d.ts"],
  ["machines", "machines/index.d.ts"],
  ["testing", "testing.d.ts"],
];

/** Give the report of one entry point, from a folder of declaration files. */
export async function apiReport(name: string, entry: string): Promise<string> {
  const found = await declarationsOf(entry);
  const names = [...found.keys()].sort();
  const module = name === "ramure" ? "ramure" : `ramure/${name}`;
  const sections = names.map((each) => `## ${each}\n\n\`\`\`ts\n${found.get(each)}\n\`\`\`\n`);
  const head = `# ${module}\n\nWritten by \`npm run api\` from the declarations; do not edit.\n`;
  return [head, ...sections].join("\n");
}

/** Every exported name with its declarations, wherever they stand. */
async function declarationsOf(file: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const add = (name: string, text: string): void => {
    const before = found.get(name);
    found.set(name, before === undefined || before === text ? text : `${before}\n${text}`);
  };
  for (const statement of statementsOf(await readFile(file, "utf8"))) {
    for (const name of exportedNames(statement)) add(name, statement);
    for (const { name, from, module } of reexports(statement)) {
      if (!module.startsWith(".")) {
        add(name, statement);
        continue;
      }
      const there = await declarationsOf(declarationFile(file, module));
      for (const [each, text] of there) {
        if (from === "*") add(each, text);
        else if (each === from) add(name, text);
      }
    }
  }
  return found;
}

function declarationFile(file: string, module: string): string {
  return join(dirname(file), module.replace(/\.(?:js|ts)$/, ".d.ts"));
}

async function reports(): Promise<ReadonlyMap<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), "ramure-api-"));
  try {
    const words = ["-p", "tsconfig.build.json", "--emitDeclarationOnly", "--removeComments"];
    words.push("--outDir", folder);
    await execa("tsc", words, { cwd: root, preferLocal: true, stdio: "inherit" });
    const texts = entries.map(async ([name, file]): Promise<readonly [string, string]> => {
      return [`docs/api/${name}.md`, await apiReport(name, join(folder, file))];
    });
    return new Map(await Promise.all(texts));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function main(write: boolean): Promise<void> {
  const found = await reports();
  await mkdir(join(root, "docs/api"), { recursive: true });
  for (const [file, text] of found) {
    const path = join(root, file);
    const before = await readFile(path, "utf8").catch(() => "");
    if (before === text) continue;
    if (write) await writeFile(path, text);
    console.error(`${file}: ${write ? "rewritten" : "out of date; run npm run api"}`);
    if (!write) process.exitCode = 1;
  }
}

if (isProgram(import.meta.url)) await main(process.argv.includes("--write"));
