import { inspect } from "node:util";
import { hasEnded } from "../process/index.ts";
import type { Runtime } from "./runtime.ts";
import type { StopSignal } from "./signals.ts";

/** Tell the person at the terminal that the run stops, and what is waited for. */
export function reportStop(runtime: Runtime, why: StopSignal | { readonly error: unknown }): void {
  if (typeof why !== "string") say(runtime.redaction.text(inspect(why.error)));
  const cause = typeof why === "string" ? why : "an error that nobody caught";
  const path = runtime.root?.path ?? "the run";
  const waiting = runtime.root !== undefined && !hasEnded(runtime.root.state);
  if (waiting) say(`ramure: ${cause}: stopping ${path} and all below it; again to kill.`);
}

/** Tell that the run was left alone; nothing else can be done while a program exits. */
export function reportExit({ id }: Runtime): void {
  say(
    `ramure: the program exits in the middle of run ${id}; its agents live on until ramure gc, or until the next run starts.`,
  );
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
