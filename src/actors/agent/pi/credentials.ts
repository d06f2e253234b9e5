import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join, posix, resolve } from "node:path";
import { codeOf, MisuseError } from "../../../errors.ts";
import type { Machine } from "../../../machines/machine.ts";

export interface PiCredentials {
  /** Names of variables of this program's environment, such as `ANTHROPIC_API_KEY`. Default: none. */
  readonly variables?: readonly string[] | undefined;
  /** Files of pi's own directory on this host, such as `auth.json`; or absolute paths. Default: none. */
  readonly files?: readonly string[] | undefined;
}

/** Credentials as they were read on this host. */
export interface ReadCredentials {
  readonly variables: Readonly<Record<string, string>>;
  readonly files: readonly { readonly name: string; readonly content: Uint8Array }[];
  /** The texts that nothing which the run writes may show. */
  readonly secrets: readonly string[];
}

/** Read what a machine is to have. Throws MisuseError (`credentials-missing`) for what this host has not. */
export async function readCredentials({
  variables = [],
  files = [],
}: PiCredentials = {}): Promise<ReadCredentials> {
  const chosen = Object.fromEntries(variables.map((name) => [name, variable(name)]));
  const read = await Promise.all(files.map(credentialsFile));
  return {
    variables: chosen,
    files: read,
    secrets: [...Object.values(chosen), ...read.flatMap(({ content }) => longTexts(content))],
  };
}

function variable(name: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== "") return value;
  throw missing(`the variable ${name} is not set here; set it`);
}

async function credentialsFile(
  name: string,
): Promise<{ readonly name: string; readonly content: Uint8Array }> {
  const { PI_CODING_AGENT_DIR: own = join(homedir(), ".pi", "agent") } = process.env;
  const file = resolve(own, name);
  try {
    return { name: basename(file), content: await readFile(file) };
  } catch (cause) {
    const why = `${file} cannot be read here (${codeOf(cause)}); log in with pi once`;
    throw missing(why, cause);
  }
}

function missing(what: string, cause?: unknown): MisuseError {
  return new MisuseError(
    "credentials-missing",
    `piHarness({ credentials }): ${what}, or leave it out.`,
    { cause },
  );
}

/** Whatever a file of logins calls its fields: every longer text in it may be a key. */
function longTexts(content: Uint8Array): readonly string[] {
  const text = new TextDecoder().decode(content);
  return [...text.matchAll(/"([^"\\]{16,})"/g)].flatMap(([, found]) => found ?? []);
}

/** Write the files into a directory of a machine, 0600. Gives those that were not there before. */
export async function placeCredentials(
  machine: Machine,
  directory: string,
  { files }: ReadCredentials,
): Promise<readonly string[]> {
  const placed: string[] = [];
  for (const { name, content } of files) {
    const file = posix.join(directory, name);
    if (!(await machine.exec(["test", "-e", file])).ok) placed.push(file);
    await machine.writeFile(file, content, { mode: 0o600 });
  }
  return placed;
}
