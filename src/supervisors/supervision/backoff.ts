import { checkOptions, type OptionKinds } from "../../options.ts";

/** The waits before the next attempt, as a child fails again and again. */
export interface Backoff {
  /** The wait after the first failure. Default: 1_000. */
  readonly initialMs?: number | undefined;
  /** The factor of each further failure. Default: 2. */
  readonly factor?: number | undefined;
  /** The longest wait, in ms. Default: 60_000. */
  readonly maxMs?: number | undefined;
  /** The random part on top, as a share of the wait; 0.2 adds up to a fifth. Default: 0.2. */
  readonly jitter?: number | undefined;
  /** The time that a child must run until its failures are forgotten, in ms. Default: the mean of `initialMs` and `maxMs`. */
  readonly resetAfterMs?: number | undefined;
}

/** A backoff with every default filled in. */
export interface BackoffPolicy {
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly jitter: number;
  readonly resetAfterMs: number;
}

/** The policy without waits: every successful start forgets the failures before it. */
const noBackoff: BackoffPolicy = {
  initialMs: 0,
  factor: 1,
  maxMs: 0,
  jitter: 0,
  resetAfterMs: 0,
};

const kinds: OptionKinds<Backoff> = {
  initialMs: "number",
  factor: "number",
  maxMs: "number",
  jitter: "number",
  resetAfterMs: "number",
};

/** Throw MisuseError for what a backoff cannot say. `what` is the subject of its message. */
export function checkBackoff(what: string, backoff: unknown): void {
  checkOptions(`${what}: backoff`, backoff, kinds);
}

/** Fill in what a backoff leaves out. */
export function backoffPolicy(backoff: Backoff | undefined): BackoffPolicy {
  if (backoff === undefined) return noBackoff;
  const { initialMs = 1_000, factor = 2, maxMs = 60_000, jitter = 0.2 } = backoff;
  const { resetAfterMs = (initialMs + maxMs) / 2 } = backoff;
  return { initialMs, factor, maxMs, jitter, resetAfterMs };
}

/**
 * Tell how long to wait after one more failure, `failures` of which came before it in a row.
 *
 * The random part is added after the cap, so a wait may exceed `maxMs` by the share `jitter`.
 */
export function delayMs(
  policy: BackoffPolicy,
  failures: number,
  random: () => number = Math.random,
): number {
  if (policy.initialMs === 0) return 0;
  const grown = Math.min(policy.maxMs, policy.initialMs * policy.factor ** failures);
  return policy.jitter === 0 ? grown : grown * (1 + random() * policy.jitter);
}

/** Tell whether an incarnation that ran for `ranMs` was healthy, so that counting begins anew. */
export function isHealthy(policy: BackoffPolicy, ranMs: number): boolean {
  return ranMs >= policy.resetAfterMs;
}
