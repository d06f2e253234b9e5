import { readFileSync } from "node:fs";
import type { Address } from "./link.ts";

/** The facts that the launcher wrote for this agent, in a file that only this user can open. */
export interface LaunchFacts extends Address {
  readonly path: string;
  readonly epoch: number;
  readonly harnessVersion: string;
  readonly systemPrompt?: string | undefined;
  /** True when pi tries again by itself after a model's error. */
  readonly retries: boolean;
}

const variable = "RAMURE_AGENT_FILE";
const remembered = Symbol.for("ramure.agent-facts");

/**
 * Read the facts once in pi's life, and take the file's name out of the environment: the model's
 * shell has no business with it. An extension that pi loads again (`/new`, `/reload`) finds them in memory.
 */
export function launchFacts(): LaunchFacts | undefined {
  const memory = globalThis as { [remembered]?: LaunchFacts | undefined };
  const file = process.env[variable];
  delete process.env[variable];
  if (file !== undefined) memory[remembered] = readFacts(file);
  return memory[remembered];
}

function readFacts(file: string): LaunchFacts {
  const facts: Partial<LaunchFacts> = JSON.parse(readFileSync(file, "utf8"));
  const { token, path, epoch, harnessVersion = "0", retries = true } = facts;
  if (token === undefined || path === undefined || epoch === undefined)
    throw new TypeError(`${file} does not say token, path and epoch`);
  return { ...facts, token, path, epoch, harnessVersion, retries };
}

/** Tell whether version `have` is `want` or newer. */
export function atLeast(have: string, want: string): boolean {
  const [left, right] = [have, want].map((version) => version.split(".").map(Number));
  for (let at = 0; at < 3; at++) {
    const difference = (left?.[at] || 0) - (right?.[at] || 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
