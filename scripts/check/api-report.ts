import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { isProgram, root } from "../source-files.ts";
import { exportedNames, reexports, statementsOf } from "./declarations.ts";

/*
 * docs/api/ lists what a user can import, as the compiler sees it: a change to it is seen in review.
 * It holds signatures only; their comments stand in the declarations, which an editor shows.
 * A declaration is printed once: on the page of the narrowest entry point that exports it.
 * `npm run api` rewrites the pages; without `--write` this fails when they are out of date.
 */

/** The entry points, narrowest first. */
const entries: readonly (readonly [name: string, file: string])[] = [
  ["actors", "actors/index.d.ts"],
  ["supervisors", "supervisors/index.d.ts"],
  ["machines", "machines/index.d.ts"],
  ["ramure", "index.d.ts"],
  ["testing", "testing.d.ts"],
];

/** Maps a declaration, text and all, to the page that prints it. */
type Printed = Map<string, string>;

/** Give the page of one entry point; what an earlier page prints is named alone. */
function apiPage(name: string, found: ReadonlyMap<string, string>, printed: Printed): string {
  const names = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  const elsewhere = names.flatMap(([each, text]) => {
    const page = printed.get(text);
    return page === undefined ? [] : [`\`${each}\` ([${page}](${page}.md#${each.toLowerCase()}))`];
  });
  const here = names.filter(([, text]) => !printed.has(text));
  for (const [, text] of here) printed.set(text, name);
  const errors = here
    .filter(([, text]) => isError(text))
    .map(([, text]) => withoutConstructor(text));
  return [
    `# ${name === "ramure" ? "ramure" : `ramure/${name}`}`,
    "Written by `npm run api` from the declarations; do not edit.",
    ...(elsewhere.length === 0 ? [] : [`Printed on another page: ${elsewhere.join(", ")}.`]),
    ...here
      .filter(([, text]) => !isError(text))
      .map(([each, text]) => `## ${each}\n\n${code(text)}`),
    ...(errors.length === 0 ? [] : [`## Errors\n\n${code(errors.join("\n"))}`]),
  ]
    .map((part) => `${part}\n`)
    .join("\n");
}

const code = (text: string): string => `\`\`\`ts\n${text}\n\`\`\``;

const isError = (text: string): boolean =>
  /^export declare class \w+ extends \w+Error\b/.test(text);

/** Shorten the declaration of an error: only ramure makes one, a program reads its fields. */
function withoutConstructor(text: string): string {
  return text.replace(/^ {4}constructor\([\s\S]*?\);\n(?= {4}\w|\})/gm, "");
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
    const printed: Printed = new Map();
    const pages = new Map<string, string>();
    for (const [name, file] of entries) {
      const found = await declarationsOf(join(folder, file));
      pages.set(`docs/api/${name}.md`, apiPage(name, found, printed));
    }
    return pages;
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
