import { printableLines } from "../../actors/data/index.ts";

/** Say something to the person at the program's terminal; nothing in it can steer that terminal. */
export function tell(text: string): void {
  process.stderr.write(`${printableLines(text)}\n`);
}
