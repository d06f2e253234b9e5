import type { ProgressLimits } from "../../actors/agent/actor/index.ts";
import { MisuseError } from "../../errors.ts";
import { checkOptions, type OptionKinds } from "../../options.ts";
import { checkPolicy } from "../process/index.ts";
import type { AgentOptions } from "./agents.ts";
import type { ConnectOptions } from "./connections.ts";
import type { MachineOptions } from "./machines.ts";
import type { NudgeOptions } from "./nudge.ts";

const agentKinds: OptionKinds<AgentOptions> = {
  systemPrompt: "text",
  model: "any",
  image: "object",
  machine: "object",
  harness: "object",
  prompt: "any",
  policy: "object",
  startTimeoutMs: "number",
  progress: "any",
  nudge: "any",
};

const progressKinds: OptionKinds<ProgressLimits> = {
  stuckAfterMs: "number",
  nudgeMs: "number",
  interruptMs: "number",
  restartMs: "number",
  toolMs: "number",
};

const nudgeKinds: OptionKinds<NudgeOptions> = {
  tool: "text",
  text: "text",
  max: "number",
  afterMs: "number",
  // biome-ignore lint/suspicious/noThenProperty: a word that nobody calls.
  then: "any",
};

const machineKinds: OptionKinds<MachineOptions> = {
  name: "any",
  image: "object",
  harness: "object",
  policy: "object",
  health: "object",
  ttlMs: "number",
};

const connectKinds: OptionKinds<ConnectOptions> = {
  direction: "any",
  maxFileBytes: "number",
  maxMessagesPerMinute: "number",
};

/** Throw MisuseError for options that an agent does not have. `what` is the subject of its message. */
export function checkAgentOptions(
  what: string,
  options: Omit<AgentOptions, "machine"> & { readonly machine?: unknown },
): void {
  checkOptions(what, options, agentKinds);
  checkPolicy(`${what}: policy`, options.policy);
  const { progress, nudge } = options;
  if (progress !== false) checkOptions(`${what}: progress`, progress, progressKinds);
  if (typeof nudge !== "boolean") checkOptions(`${what}: nudge`, nudge, nudgeKinds);
  const then = typeof nudge === "object" ? nudge.then : undefined;
  if (then === undefined || then === "wait" || then === "fail") return;
  throw new MisuseError(
    "nudge-then",
    `${what}: nudge.then is "wait" or "fail", not ${JSON.stringify(then)}.`,
  );
}

/** Throw MisuseError for options that a machine does not have. `what` is the subject of its message. */
export function checkMachineOptions(what: string, options: MachineOptions): void {
  checkOptions(what, options, machineKinds);
  checkPolicy(`${what}: policy`, options.policy);
}

/** Throw MisuseError for options that a connection does not have. */
export function checkConnectOptions(options: ConnectOptions): void {
  checkOptions("connect()", options, connectKinds);
}
