import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Make a repository with one commit and an ignored `.env`. */
export function makeRepository(folder: string): string {
  mkdirSync(join(folder, "sub"), { recursive: true });
  writeFileSync(join(folder, "sub", "tracked"), "one\n");
  writeFileSync(join(folder, ".gitignore"), ".env\n/local/\n");
  writeFileSync(join(folder, ".env"), "KEY=1\n");
  git(folder, "init", "-q", "-b", "main");
  git(folder, "config", "user.email", "tester@example.com");
  git(folder, "config", "user.name", "tester");
  git(folder, "add", ".");
  git(folder, "commit", "-q", "-m", "first");
  return folder;
}

/** Run git there and give what it prints. */
export function git(folder: string, ...words: readonly string[]): string {
  return execFileSync("git", words, { cwd: folder, encoding: "utf8" }).trim();
}
