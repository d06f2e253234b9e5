import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The files of a check: path from the repository's root, with `/`, and text. */
export type SourceFiles = ReadonlyMap<string, string>;

/** Where the repository lies. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** Read every TypeScript file below the given folders of the repository. */
export function readSourceFiles(...folders: readonly string[]): SourceFiles {
  const files = new Map<string, string>();
  for (const folder of folders) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.m?tsx?$/.test(entry.name)) continue;
      const file = join(entry.parentPath, entry.name);
      files.set(relative(root, file).replaceAll(sep, "/"), readFileSync(file, "utf8"));
    }
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Blank out comments, so that what they mention does not count. Line numbers stay. */
export function withoutComments(text: string): string {
  const tokens =
    /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return text.replace(tokens, (token) =>
    token.startsWith("/") ? token.replace(/[^\n]/g, " ") : token,
  );
}

/** Print what a check found and set the exit code. */
export function report(check: string, violations: readonly string[]): void {
  for (const violation of violations) console.error(violation);
  console.error(
    violations.length === 0 ? `${check}: in order` : `${check}: ${violations.length} wrong`,
  );
  process.exitCode = violations.length === 0 ? 0 : 1;
}

/** Tell whether a module is the program that was started. */
export function isProgram(moduleUrl: string): boolean {
  const started = process.argv[1];
  return started !== undefined && fileURLToPath(moduleUrl) === started;
}
