import type { Later } from "./pi.ts";
import type { ProviderAnswer } from "./provider.ts";

export interface RestHost {
  readonly later: Later;
  isIdle(): boolean;
  /** Tell whether the conversation is so long that pi may shorten it now. */
  mayCompact(): boolean;
  /** Take in that the run may continue by itself (pi tries again, or shortens the conversation): pi gets no message. */
  unsure(): void;
  /** Nothing runs. */
  resting(): void;
}

export interface RestOptions {
  /** pi says itself when it is truly idle. */
  readonly settles: boolean;
  /** pi tries again by itself after an error. */
  readonly retries: boolean;
}

const attempts = 3;
const firstRetryMs = 2_000;
const slackMs = 1_000;
const longestCompactionMs = 300_000;
/**
 * The time in which a summary may be asked for again after its request failed, beyond what the
 * provider wants.
 */
const summaryRetryMs = 15_000;
const lookAtRunMs = 5_000;

/** Finds out when a run of turns is really over: pi's `agent_end` alone does not mean that. */
export class Rest {
  readonly #host: RestHost;
  readonly #options: RestOptions;
  #cancel: () => void = () => {};
  #errors = 0;
  #compacting = false;

  constructor(host: RestHost, options: RestOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** Take in that a run began. */
  started(): void {
    this.#compacting = false;
    this.#watchRun(false);
  }

  /** Take in that a run ended, its last message with this stop reason. */
  ended(stopReason: string | undefined): void {
    this.#errors = stopReason === "error" ? this.#errors + 1 : 0;
    const unsureMs = this.#unsureMs();
    if (unsureMs > 0) this.#waitUnsure(unsureMs);
    else this.#wait(0);
  }

  /** Give the time in which pi may continue by itself. */
  #unsureMs(): number {
    if (this.#options.settles) return longestCompactionMs;
    if (this.#options.retries && this.#errors > 0 && this.#errors <= attempts)
      return firstRetryMs * 2 ** (this.#errors - 1) + slackMs;
    return this.#host.mayCompact() ? slackMs : 0;
  }

  /** Take in that pi says it is idle for good. */
  settled(): void {
    this.#compacting = false;
    this.#wait(0);
  }

  /** Take in that pi shortens the conversation; `calledOff` aborts when a person ends that. */
  compacting(calledOff?: AbortSignal): void {
    this.#compacting = true;
    calledOff?.addEventListener("abort", () => this.compacted(), { once: true });
    this.#waitUnsure(longestCompactionMs);
  }

  /** Take in what a provider answered. Older pis do not say that they could not get a summary. */
  answered({ status = 0, retryAfterMs = 0 }: ProviderAnswer): void {
    if (!this.#compacting) return;
    const failed = Math.min(longestCompactionMs, summaryRetryMs + retryAfterMs);
    this.#waitUnsure(status < 400 ? longestCompactionMs : failed);
  }

  /** Take in that a compaction is over, well or not. */
  compacted(): void {
    if (!this.#compacting) return;
    this.#compacting = false;
    this.#waitUnsure(slackMs);
  }

  stop(): void {
    this.#cancel();
  }

  /** Watch for the end of a run. A compaction that a person begins in mid-run ends it, and older pis never say so. */
  #watchRun(wasIdle: boolean): void {
    this.#cancel();
    this.#cancel = this.#host.later(lookAtRunMs, () => {
      const isIdle = this.#host.isIdle();
      if (isIdle && wasIdle) this.#look();
      else this.#watchRun(isIdle);
    });
  }

  #waitUnsure(delayMs: number): void {
    this.#host.unsure();
    this.#wait(delayMs, () => {
      this.#compacting = false;
    });
  }

  #wait(delayMs: number, first: () => void = () => {}): void {
    this.#cancel();
    this.#cancel = this.#host.later(delayMs, () => {
      first();
      this.#look();
    });
  }

  #look(): void {
    if (this.#compacting || !this.#host.isIdle()) {
      this.#wait(20);
      return;
    }
    this.#errors = 0;
    this.#host.resting();
  }
}
