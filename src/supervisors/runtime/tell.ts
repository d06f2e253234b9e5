import { printable, printableLines } from "../../actors/data/index.ts";

/** Say something to the person at the program's terminal; nothing in it can steer that terminal. */
export function tell(text: string): void {
  process.stderr.write(`${printableLines(text)}\n`);
}

/** Say one thing in one line. */
export function tellLine(text: string): void {
  tell(printable(text));
}

/** Set the later lines of a text off: what a model or a program wrote is not taken for a line of ramure's own. */
export function indented(text: string): string {
  return text.replaceAll(/\r\n|[\n\r\u2028\u2029]/g, "\n    ");
}
