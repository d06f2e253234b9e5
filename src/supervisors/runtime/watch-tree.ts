import type { RegistryChange, RegistryRef } from "../../actors/registry-actor.ts";

/** Follow the tree's changes, a snapshot first, until the signal aborts. What was not taken yet waits. */
export function watchTree(
  registry: RegistryRef,
  signal: AbortSignal,
): AsyncIterable<RegistryChange> {
  return { [Symbol.asyncIterator]: () => new TreeWatch(registry, signal) };
}

class TreeWatch implements AsyncIterator<RegistryChange> {
  #changes: RegistryChange[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  readonly #leave: () => void;

  constructor(registry: RegistryRef, signal: AbortSignal) {
    const watcher = (change: RegistryChange): void => {
      this.#changes.push(change);
      this.#wake?.();
    };
    this.#leave = (): void => {
      this.#ended = true;
      registry.send({ type: "unwatch", watcher });
      signal.removeEventListener("abort", this.#leave);
      this.#wake?.();
    };
    signal.addEventListener("abort", this.#leave, { once: true });
    registry.send({ type: "watch", watcher });
    if (signal.aborted) this.#leave();
  }

  async next(): Promise<IteratorResult<RegistryChange>> {
    for (;;) {
      const [change, ...rest] = this.#changes;
      if (change !== undefined) {
        this.#changes = rest;
        return { done: false, value: change };
      }
      if (this.#ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async return(): Promise<IteratorResult<RegistryChange>> {
    this.#leave();
    return { done: true, value: undefined };
  }
}
