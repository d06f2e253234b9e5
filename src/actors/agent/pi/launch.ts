import { posix } from "node:path";
import type { Machine } from "../../../machines/machine.ts";
import { shellLine } from "../../../machines/shell.ts";
import { parsedJson } from "../../data/index.ts";
import type { LaunchSpec } from "../wire/index.ts";
import { olderThan } from "./find.ts";

/** The places of one agent's files on its machine. */
export interface LaunchFiles {
  /** The facts for the extension: token, path, epoch. Secret. */
  readonly facts: string;
  /** The environment of pi. Secret. */
  readonly env: string;
  readonly script: string;
  /** The file into which the wrapper writes pi's exit code. */
  readonly exit: string;
}

export function launchFiles(directory: string): LaunchFiles {
  const file = (name: string) => posix.join(directory, name);
  return { facts: file("facts.json"), env: file("env"), script: file("run"), exit: file("exit") };
}

export interface PiWords {
  readonly command: string;
  readonly version: string;
  readonly extension: string;
  readonly session: string;
  readonly model?: string | undefined;
  /** Leave out what the user and the project bring: skills, prompts, themes, context files. */
  readonly isolated: boolean;
  readonly args: readonly string[];
}

/** The words that start pi with our extension and its conversation in this file. */
export function piWords(pi: PiWords): readonly string[] {
  const alone = ["--no-skills", "--no-prompt-templates", "--no-themes", "--no-context-files"];
  return [
    pi.command,
    "--no-extensions",
    "-e",
    pi.extension,
    ...(pi.isolated ? alone : []),
    // Newer ones ask whether the project's own resources are to be trusted, and wait.
    ...(olderThan(pi.version, "0.79.0") ? [] : ["--no-approve"]),
    ...(pi.model === undefined ? [] : ["--model", pi.model]),
    "--session",
    pi.session,
    ...pi.args,
  ];
}

/** Write the facts for the extension about the agent that it speaks for. */
export function factsText(
  { token, path, epoch, systemPrompt }: LaunchSpec,
  more: { readonly harnessVersion: string; readonly retries: boolean },
): string {
  return JSON.stringify({ token, path, epoch, systemPrompt, ...more });
}

export function envText(env: Readonly<Record<string, string>>): string {
  const lines = Object.entries(env).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new TypeError(`no variable: ${name}`);
    return `export ${shellLine([`${name}=${value}`])}`;
  });
  return `${lines.join("\n")}\n`;
}

/**
 * The script that runs in the pane: pi in the foreground, then its exit code to a file, then a signal
 * on a tmux channel. It outlives the signals that end a pane, so that the code is always told.
 */
export function wrapperText(options: {
  readonly files: LaunchFiles;
  readonly pi: readonly string[];
  readonly socket: string;
  readonly channel: string;
  /** A folder whose programs are found after all others of the PATH. Default: none. */
  readonly tools?: string | undefined;
}): string {
  const { files, pi, socket, channel, tools } = options;
  const path = tools === undefined ? "" : `PATH=$PATH:${shellLine([`${tools}/bin`])}\n`;
  const [exit, fresh] = [files.exit, `${files.exit}.new`].map((file) => shellLine([file]));
  return `trap : HUP TERM INT QUIT
${path}. ${shellLine([files.env])}
${shellLine(pi)}
code=$?
echo "$code" > ${fresh} && mv -f ${fresh} ${exit}
${shellLine(["tmux", "-N", "-S", socket, "wait-for", "-S", channel])} 2>/dev/null
exit "$code"
`;
}

type Settings = Readonly<Record<string, unknown>>;

const quietSettings = {
  quietStartup: true,
  collapseChangelog: true,
  enableInstallTelemetry: false,
  retry: { enabled: false, maxRetries: 0, provider: { maxRetries: 0 } },
};

/** Fill pi's own directory on a machine. Settings that are there stay, unless others are given. */
export async function writeSettings(
  machine: Machine,
  agentDir: string,
  {
    settings,
    models,
  }: { readonly settings?: Settings | undefined; readonly models?: Settings | undefined },
): Promise<void> {
  const file = settingsFile(agentDir);
  const isThere = (await machine.exec(["test", "-e", file])).ok;
  if (!isThere || settings) await writeJson(machine, file, settings ?? quietSettings);
  if (models) await writeJson(machine, posix.join(agentDir, "models.json"), models);
}

/** Tell whether pi, with this directory of its own, asks a model again by itself after a failure. */
export async function asksAgain(machine: Machine, agentDir: string): Promise<boolean> {
  const { stdout } = await machine.exec(["cat", "--", settingsFile(agentDir)]);
  const enabled = fieldOf(fieldOf(parsedJson(stdout), "retry"), "enabled");
  return enabled !== false;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function settingsFile(agentDir: string): string {
  return posix.join(agentDir, "settings.json");
}

async function writeJson(machine: Machine, path: string, value: object): Promise<void> {
  await machine.writeFile(path, JSON.stringify(value, undefined, 2), { mode: 0o600 });
}
