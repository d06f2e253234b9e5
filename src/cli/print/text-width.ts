/** Tells how many columns a text takes. */
export type Measure = (text: string) => number;

/** ASCII, and the lines and dots that the CLI itself draws with: one column each. */
const oneColumnEach = /^[\x20-\x7e\u2500-\u257f\u2026]*$/;

/** Tell whether every character of a text takes one column. */
export function isSimple(text: string): boolean {
  return oneColumnEach.test(text);
}

/**
 * Get what measures the texts of some data.
 *
 * Knowing of wide characters and emoji costs 100 ms at the start, so it is only loaded for data that has them.
 */
export async function measureFor(data: unknown): Promise<Measure> {
  if (isSimple(JSON.stringify(data))) return (text) => text.length;
  const { default: stringWidth } = await import("string-width");
  return (text) => (isSimple(text) ? text.length : stringWidth(text));
}
