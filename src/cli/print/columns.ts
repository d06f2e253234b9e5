/** Tells how many columns a text takes. */
export type Measure = (text: string) => number;

/** One cell of a line: its plain text, and how it is painted once it has been cut and padded. */
export interface TableCell {
  readonly text: string;
  readonly paint?: ((text: string) => string) | undefined;
}

export interface Cut {
  readonly columns: number;
  /** The text in place of a part that was cut. */
  readonly ellipsis: string;
  readonly measure: Measure;
}

/** Line up cells under each other, two blanks apart; each line is cut at the width. */
export function lineUp(rows: readonly (readonly TableCell[])[], cut: Cut): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, cut.measure(cell.text));
    }
  }
  return rows.map((row) => lineOf(row, widths, cut));
}

/** Cut a text at a width, marking that it was cut. */
export function cutTo(
  text: string,
  columns: number,
  { ellipsis, measure }: Omit<Cut, "columns">,
): string {
  if (columns === Number.POSITIVE_INFINITY || measure(text) <= columns) return text;
  const room = columns - measure(ellipsis);
  if (room <= 0) return ellipsis.slice(0, Math.max(0, columns));
  if (isSimple(text)) return text.slice(0, room) + ellipsis;
  let [kept, width] = ["", 0];
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    width += measure(segment);
    if (width > room) break;
    kept += segment;
  }
  return kept + ellipsis;
}

/** Break a text into lines no wider than that, between words; those after the first are indented. */
export function wrapTo(text: string, cut: Cut): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line === "" || cut.measure(longer) <= cut.columns) line = longer;
    else {
      lines.push(line);
      line = `  ${word}`;
    }
  }
  return [...lines, line].map((each) => cutTo(each, cut.columns, cut));
}

function lineOf(row: readonly TableCell[], widths: readonly number[], cut: Cut): string {
  let [line, used] = ["", 0];
  const last = row.findLastIndex((cell) => cell.text !== "");
  for (const [index, cell] of row.slice(0, last + 1).entries()) {
    const gap = index === 0 ? "" : "  ";
    const room = cut.columns - used - gap.length;
    if (room <= 0) break;
    const text = cutTo(cell.text, room, cut);
    const width = cut.measure(text);
    const padding = index === last ? 0 : Math.min(room, widths[index] ?? 0) - width;
    line += gap + (cell.paint?.(text) ?? text) + " ".repeat(Math.max(0, padding));
    used += gap.length + width + Math.max(0, padding);
  }
  return line.trimEnd();
}

/** ASCII, and the lines and dots that the CLI itself draws with: one column each. */
const oneColumnEach = /^[\x20-\x7e\u2500-\u257f\u2026]*$/;

/** Tell whether every character of a text takes one column. */
function isSimple(text: string): boolean {
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
