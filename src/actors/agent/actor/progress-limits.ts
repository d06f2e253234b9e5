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
