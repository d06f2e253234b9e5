/* The extension's only timers: it runs in pi's process, where no clock of ramure is. */

/** Call back once, `delayMs` from now. Returns how to call it off. Never keeps pi alive. */
export function later(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
}

export type Later = typeof later;
