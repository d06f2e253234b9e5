import type { Machine } from "../../../machines/machine.ts";
import type { Door, Harness, LaunchSpec } from "../wire/index.ts";
import type { AgentMemory } from "./agent-memory.ts";
import type { ProviderBackoffs } from "./provider-backoff.ts";

/** The description of one agent, the same for all its incarnations. */
export interface AgentSpec {
  readonly name: string;
  readonly path: string;
  /** The run's id. */
  readonly run: string;
  /** Safe in file names and tmux targets, unique in the run. */
  readonly id: string;
  readonly harness: Harness;
  readonly door: Door;
  /** The memory that outlives the agent's incarnations. */
  readonly memory: AgentMemory;
  /** The machine living now. Throws when there is none. */
  readonly machine: () => Machine;
  readonly systemPrompt?: string | undefined;
  /** `provider/id`. Default: what the harness is configured for. */
  readonly model?: string | undefined;
  /** The conversation that its first one is a copy of. Default: it begins with an empty one. */
  readonly fork?: LaunchSpec["fork"];
  /** A directory of this host for its files; exists, 0700. */
  readonly dir: string;
  /** The time from the launch to "tools acknowledged and a model present", in ms. Default: 60_000. */
  readonly startTimeoutMs?: number | undefined;
  /** The time that a lost link may take to come back before the agent is suspect and probed, in ms. Default: 15_000. */
  readonly graceMs?: number | undefined;
  /** The times after which the agent counts as stuck, and of each step against that; false: never. Default: after 10 min at work without progress. */
  readonly progress?: ProgressLimits | false | undefined;
  /** The waits for failing providers that the agents of a run share. Default: the agent waits alone. */
  readonly providers?: ProviderBackoffs | undefined;
  /** Bounds how many agents start at a time. Default: no bound. */
  readonly gate?: StartGate | undefined;
}

/** A queue in front of something that few may do at a time. */
export interface StartGate {
  /** Wait for a place. Returns how to leave it. Rejects with the signal's reason. */
  enter(signal: AbortSignal): Promise<() => void>;
}

/** The times that an agent may work without progress, and that each step against that may take. */
export interface ProgressLimits {
  /** The time from the last event of a turn, a tool, a message or the model's tokens to a nudge, in ms. Default: 600_000. */
  readonly stuckAfterMs?: number | undefined;
  /** The time from the nudge to an interrupt, in ms. Default: 60_000. */
  readonly nudgeMs?: number | undefined;
  /** The time from the interrupt to a restart, in ms. Default: 60_000. */
  readonly interruptMs?: number | undefined;
  /** The time from the first turn after that restart to the agent's failure, in ms. Default: 300_000. */
  readonly restartMs?: number | undefined;
  /** The longest run of a tool of the harness's own, such as its shell, in ms. The program's tools have limits of their own. Default: 1_800_000. */
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
