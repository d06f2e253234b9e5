/* The extension's only clock: it runs in pi's process, where none of ramure's is. */

/** Call back once, `delayMs` from now. Returns how to call it off. Never keeps pi alive. */
export function later(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
}

/** The time of day, in ms since 1970. */
export function wallNow(): number {
  return Date.now();
}

export type Later = typeof later;
