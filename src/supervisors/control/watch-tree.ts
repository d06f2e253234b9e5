import type { RegistryChange, RegistryRef } from "../../actors/registry/index.ts";

/**
 * Follow the tree's changes, a snapshot first, until the signal aborts.
 *
 * A slow reader is given the newest of each path alone, so what waits for it is no more than the tree.
 */
export function watchTree(
  registry: RegistryRef,
  signal: AbortSignal,
): AsyncIterable<RegistryChange> {
  return { [Symbol.asyncIterator]: () => new TreeWatch(registry, signal) };
}

/** Under what a snapshot waits; no path is like it. */
const whole = "";

class TreeWatch implements AsyncIterator<RegistryChange> {
  /** The changes that were not taken yet, oldest first. */
  readonly #waiting = new Map<string, RegistryChange>();
  #wake: (() => void) | undefined;
  #ended = false;
  readonly #leave: () => void;

  constructor(registry: RegistryRef, signal: AbortSignal) {
    const watcher = (change: RegistryChange): void => this.#add(change);
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
      for (const [key, change] of this.#waiting) {
        this.#waiting.delete(key);
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

  #add(change: RegistryChange): void {
    const key = keyOf(change);
    this.#waiting.delete(key);
    this.#waiting.set(key, change);
    this.#wake?.();
  }
}

function keyOf(change: RegistryChange): string {
  switch (change.type) {
    case "snapshot":
      return whole;
    case "changed":
      return change.node.path;
    case "removed":
      return change.path;
    default:
      return change satisfies never;
  }
}
