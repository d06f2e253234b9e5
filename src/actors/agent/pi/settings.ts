import { posix } from "node:path";
import type { Machine } from "../../../machines/machine.ts";

type Fields = Readonly<Record<string, unknown>>;

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
  }: { readonly settings?: Fields | undefined; readonly models?: Fields | undefined },
): Promise<void> {
  const file = settingsFile(agentDir);
  const isThere = (await machine.exec(["test", "-e", file])).ok;
  if (!isThere || settings) await writeJson(machine, file, settings ?? quietSettings);
  if (models) await writeJson(machine, posix.join(agentDir, "models.json"), models);
}

/** Tell whether pi, with this directory of its own, asks a model again by itself after a failure. */
export async function asksAgain(machine: Machine, agentDir: string): Promise<boolean> {
  const { stdout } = await machine.exec(["cat", "--", settingsFile(agentDir)]);
  const enabled = fieldOf(fieldOf(parsed(stdout), "retry"), "enabled");
  return enabled !== false;
}

/** pi goes on without settings that it cannot read, and so do we. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
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
