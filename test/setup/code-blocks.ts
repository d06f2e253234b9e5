import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { readSourceFiles } from "../../scripts/source-files.ts";

/** A TypeScript block of a document. */
export interface CodeBlock {
  /** Where it begins, such as `README.md:12`. */
  readonly at: string;
  readonly code: string;
  /** Whether it is a whole program; one that is marked `no-run` only compiles. */
  readonly runs: boolean;
}

/** A block of a doc comment, after its `@example`. */
export interface Example extends CodeBlock {
  /** The export that the comment describes; undefined for a method or a property. */
  readonly of: string | undefined;
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
      at: `${file}:${lineAt(text, index) + 1}`,
      code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
      runs: !marks.includes("no-run"),
    }),
  );
}

/**
 * Find the `@example` blocks of every doc comment below `src/`.
 *
 * An example is a whole program in a `ts` fence: it imports what it uses from `ramure` or another
 * entry point, compiles, and runs to its end without an error. `ts no-run` only compiles. An
 * `@example` without a fence is not found.
 */
export function docExamples(): readonly Example[] {
  return [...readSourceFiles("src")].flatMap(([file, text]) => examplesOf(file, text));
}

/** Find the `@example` blocks of one source file. */
export function examplesOf(file: string, text: string): readonly Example[] {
  const comments = /\/\*\*(?:(?!\*\/)[\s\S])*?@example\b((?:(?!\*\/)[\s\S])*)\*\/\s*([^\n]*)/g;
  return [...text.matchAll(comments)].flatMap((comment) => {
    const [whole, example = "", declaration = ""] = comment;
    const of = /^export (?:async )?(?:function\*?|const|class|interface|type) (\w+)/.exec(
      declaration,
    )?.[1];
    const line = lineAt(text, comment.index + whole.indexOf(example)) - 1;
    const above = "\n".repeat(line);
    const plain = above + example.replaceAll(/^[ \t]*\* ?/gm, "");
    return blocksOf(file, plain).map((block) => ({ ...block, of }));
  });
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}
