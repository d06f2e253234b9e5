import { inspect } from "node:util";
import { StoppedError } from "../../actors/kernel/index.ts";
import { CancelledError } from "../process/index.ts";
import { indented, tell } from "./tell.ts";

/** The signals that ask a program to end. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export type StopSignal = (typeof signals)[number];

/** The acts of a run at the end of its program. */
export interface StopRequests {
  /** The first signal: stop the tree. */
  stop(signal: StopSignal): void;
  /** A second one: kill it. */
  kill(signal: StopSignal): void;
  /** An error that nobody caught: stop the tree; the program ends with exit code 1. */
  crash(error: unknown): void;
  /** The program exits while the run lives: only what is done at once is done. */
  exit(): void;
}

interface SignalListener {
  readonly requests: StopRequests;
  asked: StopSignal | undefined;
}

const listeners = new Set<SignalListener>();
/**
 * The reason why the program is to end when its runs are over: a signal, or an error that nobody
 * caught.
 */
let why: StopSignal | "crash" | undefined;
/** Errors that runs of this program ended with, and how to say each to a person. */
const failures = new WeakMap<object, string>();

/**
 * Say this text, and no stack, when nobody catches the error that a run ended with.
 *
 * The program's exit code is 1, as it would be without. `RAMURE_DEBUG` leaves it to Node.
 */
export function onUncaughtFailure(error: unknown, text: string): void {
  if (typeof error !== "object" || error === null || process.env.RAMURE_DEBUG) return;
  failures.set(error, text);
  if (process.listenerCount("uncaughtException") === 0) process.on("uncaughtException", uncaught);
}

/** The text for an error that a run ended with. */
export function failureText(error: unknown): string | undefined {
  return typeof error === "object" && error !== null ? failures.get(error) : undefined;
}

/**
 * Listen for signals while a run lives. Returns a function that stops this.
 *
 * The run that was stopped rejects with CancelledError, so that the program's own `finally` runs; the
 * program then ends by that same signal, as it would have without ramure, or with exit code 1 after
 * an error that nobody caught. What the program listens to itself is left to it.
 */
export function onStopRequests(requests: StopRequests): () => void {
  if (listeners.size === 0) install();
  const listener: SignalListener = { requests, asked: undefined };
  listeners.add(listener);
  return () => {
    if (listeners.delete(listener) && listeners.size === 0) uninstall();
  };
}

function install(): void {
  why = undefined;
  process.off("exit", endAsAsked);
  process.off("uncaughtException", uncaught);
  process.on("exit", exits);
  for (const signal of signals) process.on(signal, heard);
  if (process.listenerCount("uncaughtException") === 0) process.on("uncaughtException", uncaught);
  if (process.listenerCount("unhandledRejection") === 0) {
    process.on("unhandledRejection", unhandled);
  }
}

function uninstall(): void {
  process.off("exit", exits);
  for (const signal of signals) process.off(signal, heard);
  process.off("unhandledRejection", unhandled);
  if (why === undefined) process.off("uncaughtException", uncaught);
  else process.on("exit", endAsAsked);
}

function heard(signal: NodeJS.Signals): void {
  const known = signals.find((name) => name === signal);
  if (known === undefined) return;
  why ??= known;
  for (const listener of [...listeners]) {
    const { asked, requests } = listener;
    listener.asked = known;
    if (asked === undefined) requests.stop(known);
    else requests.kill(known);
  }
}

function exits(): void {
  for (const { requests } of [...listeners]) requests.exit();
}

/** While runs live, stop them first. After that, that a stopped run was cancelled is no news. */
function uncaught(error: unknown): void {
  if (listeners.size === 0) {
    // A program that listens itself decides itself.
    if (process.listenerCount("uncaughtException") > 1) return;
    const isNoNews = why !== undefined && error instanceof CancelledError;
    if (!isNoNews) tell(failureText(error) ?? indented(inspect(error)));
    process.exit(1);
  }
  why ??= "crash";
  for (const { requests } of [...listeners]) requests.crash(error);
}

/** A loop in the background of a process that stops is no crash; any other rejection is, as without ramure. */
function unhandled(reason: unknown): void {
  if (!(reason instanceof StoppedError)) throw reason;
}

function endAsAsked(): void {
  if (why === "crash") process.exitCode = 1;
  else if (why !== undefined && process.listenerCount(why) === 0) process.kill(process.pid, why);
}
