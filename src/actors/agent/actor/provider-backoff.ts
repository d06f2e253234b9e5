import type { Clock } from "../../clock.ts";

/** The waits of all agents of one run for providers that fail. */
export interface ProviderBackoffs {
  /** One more request failed, the agent's `failures`-th in a row. Gives how long this agent is to wait. */
  failed(provider: string, failure: ProviderFailure): number;
  /** A request was answered. */
  succeeded(provider: string): void;
  /** Give the time in which nobody may ask this provider, in ms; 0: ask. */
  waitMs(provider: string): number;
  /** Give a time to look again, somewhat later than `waitMs`: another one for each caller. */
  lookAgainMs(provider: string): number;
}

export interface ProviderFailure {
  readonly failures: number;
  /** The wait that the provider asked for, in ms. */
  readonly retryAfterMs?: number | undefined;
}

export interface ProviderBackoffOptions {
  readonly clock: Clock;
  /** The first wait; each further failure doubles it. Default: 1_000. */
  readonly initialMs?: number | undefined;
  /** The longest wait, in ms. Default: 60_000. */
  readonly maxMs?: number | undefined;
  /** The random part on top, as a share of the wait, so that not all come back at once. Default: 0.2. */
  readonly jitter?: number | undefined;
  /** Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
}

interface Trouble {
  /** Failures in a row, those of one wait counted once. */
  readonly failures: number;
  readonly until: number;
}

/** Make what the agents of one run share. */
export function createProviderBackoffs(options: ProviderBackoffOptions): ProviderBackoffs {
  return new Backoffs(options);
}

/** The provider's part of `provider/id`. */
export function providerOf(model: string | undefined): string {
  return model?.split("/")[0] || "unknown";
}

class Backoffs implements ProviderBackoffs {
  readonly #options: ProviderBackoffOptions;
  readonly #troubles = new Map<string, Trouble>();

  constructor(options: ProviderBackoffOptions) {
    this.#options = options;
  }

  failed(provider: string, { failures, retryAfterMs = 0 }: ProviderFailure): number {
    const now = this.#options.clock.now();
    const known = this.#troubles.get(provider);
    const isSame = known !== undefined && now < known.until;
    const shared = isSame ? known.failures : (known?.failures ?? 0) + 1;
    const until = now + Math.max(this.#grown(shared), this.#grown(failures), retryAfterMs);
    const later = isSame ? Math.max(known.until, now + retryAfterMs) : until;
    this.#troubles.set(provider, { failures: shared, until: later });
    return this.#spread(Math.max(later, until) - now);
  }

  succeeded(provider: string): void {
    this.#troubles.delete(provider);
  }

  waitMs(provider: string): number {
    const { until = 0 } = this.#troubles.get(provider) ?? {};
    return Math.max(0, until - this.#options.clock.now());
  }

  lookAgainMs(provider: string): number {
    return this.#spread(this.waitMs(provider));
  }

  #spread(waitMs: number): number {
    const { jitter = 0.2, random = Math.random } = this.#options;
    return waitMs * (1 + random() * jitter);
  }

  #grown(failures: number): number {
    const { initialMs = 1_000, maxMs = 60_000 } = this.#options;
    return Math.min(maxMs, initialMs * 2 ** Math.max(0, failures - 1));
  }
}
