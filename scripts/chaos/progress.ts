const everyMs = 5_000;

/** Tell a person, every five seconds, how far it is; a test run has lines of its own. */
export function progress(what: string, of: number): (done: number) => void {
  const start = performance.now();
  let told = start;
  return (done) => {
    const now = performance.now();
    if (now - told < everyMs || process.env.VITEST !== undefined) return;
    told = now;
    const seconds = Math.round((now - start) / 1_000);
    process.stderr.write(`${what}: ${done} of ${of}, ${seconds} s\n`);
  };
}
