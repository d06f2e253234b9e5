/*
 * The time of this host, for what only the host knows: real processes. A run's own clock, which
 * tests move by hand, has no power over those, so `machines` does not use it.
 */

/** Resolve `ms` from now, or at once when the signal aborts. Never rejects. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end, { once: true });
  });
}

/** Call back once, `ms` from now; 0, Infinity or nothing means never. Returns how to call it off. */
export function callAfter(ms: number | undefined, callback: () => void): () => void {
  if (ms === undefined || ms <= 0 || ms > longest) return () => {};
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}

/** More than a Node timer holds: 24 days, here as good as never. */
const longest = 2_147_483_647;

/** Ask `done` again and again until it says true, at most for `withinMs`. Resolves with its last answer. */
export async function poll(
  done: () => boolean | Promise<boolean>,
  options: { readonly withinMs: number; readonly everyMs?: number | undefined },
): Promise<boolean> {
  const deadline = performance.now() + options.withinMs;
  while (!(await done())) {
    if (performance.now() >= deadline) return false;
    await pause(options.everyMs ?? 20);
  }
  return true;
}

/** Start measuring. Returns how to read the milliseconds since. */
export function startWatch(): () => number {
  const start = performance.now();
  return () => performance.now() - start;
}
