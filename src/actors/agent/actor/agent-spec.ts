import type { Machine } from "../../../machines/machine.ts";
import type { Door, Harness } from "../wire/index.ts";
import type { AgentMemory } from "./agent-memory.ts";
import type { ProviderBackoffs } from "./provider-backoff.ts";

/** What one agent is, in all its incarnations. */
export interface AgentSpec {
  readonly name: string;
  readonly path: string;
  /** The run's id. */
  readonly run: string;
  /** Safe in file names and tmux targets, unique in the run. */
  readonly id: string;
  readonly harness: Harness;
  readonly door: Door;
  /** What outlives its incarnations. */
  readonly memory: AgentMemory;
  /** The machine living now. Throws when there is none. */
  readonly machine: () => Machine;
  readonly systemPrompt?: string | undefined;
  /** `provider/id`. Default: what the harness is configured for. */
  readonly model?: string | undefined;
  /** A directory of this host for its files; exists, 0700. */
  readonly dir: string;
  /** From its launch to "tools acknowledged and a model present", in ms. Default: 60_000. */
  readonly startTimeoutMs?: number | undefined;
  /** How long a lost link is waited for before the agent is suspect and probed, in ms. Default: 15_000. */
  readonly graceMs?: number | undefined;
  /** When it counts as stuck, and what is done then; false: never. Default: after 10 min at work without progress. */
  readonly progress?: ProgressLimits | false | undefined;
  /** What the agents of a run share, so that they wait for a failing provider together. Default: it waits alone. */
  readonly providers?: ProviderBackoffs | undefined;
  /** Bounds how many agents start at a time. Default: no bound. */
  readonly gate?: StartGate | undefined;
}

/** A queue in front of something that few may do at a time. */
export interface StartGate {
  /** Wait for a place. Returns how to leave it. Rejects with the signal's reason. */
  enter(signal: AbortSignal): Promise<() => void>;
}

/** How long an agent may be at work and nothing come of it, and how long each step against that may take. */
export interface ProgressLimits {
  /** From the last event of a turn, a tool, a message or the model's tokens to a nudge, in ms. Default: 600_000. */
  readonly stuckAfterMs?: number | undefined;
  /** From the nudge to an interrupt. Default: 60_000. */
  readonly nudgeMs?: number | undefined;
  /** From the interrupt to a restart. Default: 60_000. */
  readonly interruptMs?: number | undefined;
  /** From the first turn after that restart to the agent's failure. Default: 300_000. */
  readonly restartMs?: number | undefined;
  /** How long a tool of the harness's own, such as its shell, may run. The program's tools have limits of their own. Default: 1_800_000. */
  readonly toolMs?: number | undefined;
}

/** The limits with every default filled in. */
export type FilledLimits = { readonly [Key in keyof ProgressLimits]-?: number };

const defaults = {
  stuckAfterMs: 600_000,
  nudgeMs: 60_000,
  interruptMs: 60_000,
  restartMs: 300_000,
  toolMs: 1_800_000,
} as const;

/** Fill in what is left out. */
export function filledLimits(limits: ProgressLimits): FilledLimits {
  return {
    stuckAfterMs: limits.stuckAfterMs ?? defaults.stuckAfterMs,
    nudgeMs: limits.nudgeMs ?? defaults.nudgeMs,
    interruptMs: limits.interruptMs ?? defaults.interruptMs,
    restartMs: limits.restartMs ?? defaults.restartMs,
    toolMs: limits.toolMs ?? defaults.toolMs,
  };
}
