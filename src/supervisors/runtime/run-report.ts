import { inspect } from "node:util";
import { RamureError } from "../../errors.ts";
import { CancelledError, hasEnded } from "../process/index.ts";
import type { LiveRun } from "./live-run.ts";
import { failureText, type StopSignal } from "./signals.ts";
import { indented, tell, tellLine } from "./tell.ts";

/** Tell the person at a terminal that a run began, and how to look at it. */
export function reportStart({ id }: LiveRun): void {
  if (!process.stderr.isTTY) return;
  tellLine(
    `ramure: run ${id} began; ramure status shows it, ramure connect AGENT opens an agent's terminal.`,
  );
}

/** Tell the person at the terminal that the run stops, and what is waited for. */
export function reportStop(runtime: LiveRun, why: StopSignal | { readonly error: unknown }): void {
  if (typeof why !== "string") {
    tell(failureText(why.error) ?? indented(runtime.redaction.text(inspect(why.error))));
  }
  const cause = typeof why === "string" ? why : "an error that nobody caught";
  const path = runtime.root?.path ?? "the run";
  const waiting = runtime.root !== undefined && !hasEnded(runtime.root.state);
  if (waiting) tellLine(`ramure: ${cause}: stopping ${path} and all below it; again to kill.`);
}

const mostNamed = 5;

/** Tell that the run is killed now, and which agents and machines had not ended until then. */
export function reportKill({ root, directory }: LiveRun, signal: StopSignal): void {
  if (root === undefined || hasEnded(root.state)) return;
  const paths = [...directory.values()].filter(({ kind }) => kind !== "process");
  const names = paths.slice(0, mostNamed).map(({ path }) => path.slice(root.path.length + 1));
  const more = paths.length > mostNamed ? ` and ${paths.length - mostNamed} more` : "";
  const left = names.length > 0 ? `: ${names.join(", ")}${more}` : "";
  tell(`ramure: ${signal} again: killing ${root.path} and what is left of it${left}.`);
}

/** Tell that the program left a living run; nothing else can be done while a program exits. */
export function reportExit({ id }: LiveRun): void {
  tellLine(
    `ramure: the program exits in the middle of run ${id}; its agents live on until ramure gc, or until the next run starts.`,
  );
}

/** The places where a person reads on after a run. */
export interface EndedRunFacts {
  readonly id: string;
  /** The log directory of the run. */
  readonly logDir: string;
  /** True when `ramure logs` finds it there. */
  readonly isAtHome: boolean;
}

/** Say why a root did not end well: its error, the causes, and what to type next. No frame of ramure. */
export function failureReport(error: unknown, { id, logDir, isAtHome }: EndedRunFacts): string {
  const next = isAtHome
    ? `ramure logs --id ${id} shows what happened.`
    : `${logDir}/runtime.jsonl says what happened.`;
  const stopped = error instanceof CancelledError;
  return [
    `ramure: run ${id} ${stopped ? "was stopped" : "failed"}.`,
    ...causesOf(error).map((cause, index) => (index === 0 ? "" : "  caused by ") + textOf(cause)),
    next,
  ].join("\n");
}

const mostCauses = 10;

function causesOf(error: unknown): readonly unknown[] {
  const causes: unknown[] = [];
  for (let next = error; next !== undefined && causes.length < mostCauses; ) {
    if (causes.includes(next)) break;
    causes.push(next);
    next = next instanceof Error ? next.cause : undefined;
  }
  // The reason given to `fail()` stands in the message already.
  return causes.filter((cause, index) => index === 0 || typeof cause === "object");
}

/**
 * Write an error for a person. An error of ramure says all in its message; for a program's own
 * error, its own frames tell the place.
 */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return indented(inspect(error));
  const head = indented(`${error.name}: ${error.message}`);
  if (error instanceof RamureError) return head;
  return [head, ...framesOf(error)].join("\n");
}

const library = new URL("../../", import.meta.url);

function framesOf({ stack = "" }: Error): readonly string[] {
  return stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .filter((line) => !line.includes(library.href) && !line.includes(library.pathname))
    .filter((line) => !line.includes("node:"));
}
