import { InvalidSpecError } from "./errors.ts";
import {
  checkIntensity,
  checkLimits,
  type Intensity,
  type RestartLimits,
  withLimits,
} from "./intensity.ts";
import { type Strategy, strategies } from "./strategy.ts";

/** The rule by which a supervisor ends when its significant children have ended by themselves. */
export type AutoShutdown =
  /** The supervisor stays, whatever its children do. */
  | "never"
  /** The first significant child that ends ends the supervisor. */
  | "any-significant"
  /** The last significant child that ends ends the supervisor. */
  | "all-significant";

/** The rules of a supervisor for its children. Unknown keys are ignored. */
export interface SupervisionFlags {
  /** The siblings that a failed child takes along. Default: `one-for-one`. */
  readonly strategy?: Strategy | undefined;
  /** The limit of restarts. Default: one more than 3 restarts in 5 s, or than 8 of one child in a row, fails the supervisor. */
  readonly intensity?: Intensity | undefined;
  /** The rule by which the end of significant children ends the supervisor. Default: `never`. */
  readonly autoShutdown?: AutoShutdown | undefined;
  /** Start finished children again when a group restarts, as OTP does. Default: false. */
  readonly reviveFinished?: boolean | undefined;
  /** Children come and go: they are stopped all at once, and forgotten when they are not to be restarted. Default: false. */
  readonly dynamic?: boolean | undefined;
  /** The most children at once, those that restart included. Default: no limit. */
  readonly maxChildren?: number | undefined;
}

/** Flags with every default filled in. */
export interface ResolvedFlags {
  readonly strategy: Strategy;
  readonly intensity: RestartLimits;
  readonly autoShutdown: AutoShutdown;
  readonly reviveFinished: boolean;
  readonly dynamic: boolean;
  readonly maxChildren: number;
}

const autoShutdowns: ReadonlySet<unknown> = new Set<AutoShutdown>([
  "never",
  "any-significant",
  "all-significant",
]);

/** Check flags and fill in their defaults. Throws InvalidSpecError. */
export function resolveFlags(flags: SupervisionFlags): ResolvedFlags {
  const {
    strategy = "one-for-one",
    autoShutdown = "never",
    maxChildren = Number.POSITIVE_INFINITY,
  } = flags;
  demand(
    strategies.has(strategy),
    "invalid-strategy",
    "strategy is one-for-one, one-for-all or rest-for-one",
  );
  demand(
    autoShutdowns.has(autoShutdown),
    "invalid-auto-shutdown",
    "autoShutdown is never, any-significant or all-significant",
  );
  demand(maxChildren >= 0, "invalid-max-children", "maxChildren is a number >= 0");
  checkIntensity("supervisor", flags.intensity);
  const intensity = withLimits(flags.intensity);
  checkLimits("supervisor", intensity);
  return {
    strategy,
    intensity,
    autoShutdown,
    reviveFinished: flags.reviveFinished ?? false,
    dynamic: flags.dynamic ?? false,
    maxChildren,
  };
}

function demand(holds: boolean, code: string, rule: string): void {
  if (!holds) throw new InvalidSpecError(code, `supervisor: ${rule}`);
}
