import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** A TypeScript block of a document. */
export interface CodeBlock {
  /** Such as `README.md:12`: where it begins. */
  readonly at: string;
  readonly code: string;
  /** Whether it is a whole program; one that is marked `no-run` only compiles. */
  readonly runs: boolean;
}

/** Find every TypeScript block of README.md and of the pages straight in docs/. */
export async function codeBlocks(root: string): Promise<readonly CodeBlock[]> {
  const pages = (await readdir(join(root, "docs"))).filter((name) => name.endsWith(".md")).sort();
  const files = ["README.md", ...pages.map((page) => `docs/${page}`)];
  const texts = files.map(async (file) => blocksOf(file, await readFile(join(root, file), "utf8")));
  return (await Promise.all(texts)).flat();
}

/** Find the TypeScript blocks of one document. */
export function blocksOf(file: string, text: string): readonly CodeBlock[] {
  const fences = /^( *)```(?:ts|typescript)\b([^\n]*)\n([\s\S]*?)^\1```/gm;
  return [...text.matchAll(fences)].map(
    ({ index, 1: indent = "", 2: marks = "", 3: code = "" }) => ({
      at: `${file}:${text.slice(0, index).split("\n").length + 1}`,
      code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
      runs: !marks.includes("no-run"),
    }),
  );
}
