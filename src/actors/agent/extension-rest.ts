import type { Later } from "./extension-clock.ts";

export interface RestHost {
  readonly later: Later;
  isIdle(): boolean;
  /** Whether the conversation is so long that pi may shorten it now. */
  mayCompact(): boolean;
  /** The run may go on by itself (pi tries again, or shortens the conversation): give it nothing. */
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
    this.#cancel();
    this.#compacting = false;
  }

  /** Take in that a run ended, its last message with this stop reason. */
  ended(stopReason: string | undefined): void {
    this.#errors = stopReason === "error" ? this.#errors + 1 : 0;
    const unsureMs = this.#unsureMs();
    if (unsureMs > 0) this.#waitUnsure(unsureMs);
    else this.#wait(0);
  }

  /** How long pi may go on by itself. */
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

  compacting(): void {
    this.#compacting = true;
    this.#waitUnsure(longestCompactionMs);
  }

  compacted(): void {
    this.#compacting = false;
    this.#waitUnsure(slackMs);
  }

  stop(): void {
    this.#cancel();
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
