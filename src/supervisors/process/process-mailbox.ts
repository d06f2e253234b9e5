import { type Limits, waiting } from "../../actors/wait.ts";

interface Receiver {
  readonly fits: (message: unknown) => boolean;
  readonly take: (message: unknown) => void;
}

/** The messages to a process that it has not received yet. */
export class ProcessMailbox {
  readonly #messages: unknown[] = [];
  readonly #receivers = new Set<Receiver>();
  #wasAsked = false;

  get size(): number {
    return this.#messages.length;
  }

  /** Tell whether anybody has ever received from it. */
  get wasAsked(): boolean {
    return this.#wasAsked;
  }

  push(message: unknown): void {
    for (const receiver of this.#receivers) {
      if (!receiver.fits(message)) continue;
      receiver.take(message);
      return;
    }
    this.#messages.push(message);
  }

  /** Give the first message that fits, now or later; the rest stays in order. */
  receive(limits: Limits, fits: (message: unknown) => boolean): Promise<unknown> {
    this.#wasAsked = true;
    const found = this.#messages.findIndex(fits);
    if (found >= 0) return Promise.resolve(this.#messages.splice(found, 1)[0]);
    return waiting(limits, ({ resolve }) => {
      const receiver: Receiver = { fits, take: resolve };
      this.#receivers.add(receiver);
      return () => this.#receivers.delete(receiver);
    });
  }
}
