import { StoppedError } from "../../errors.ts";

/** The signals that ask a program to end. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export type StopSignal = (typeof signals)[number];

/** What a run does about the end of its program. Called in the order in which things happen. */
export interface StopRequests {
  /** The first signal: stop the tree. */
  stop(signal: StopSignal): void;
  /** A second one: kill it. */
  kill(signal: StopSignal): void;
  /** An error that nobody caught: stop the tree; the program ends with exit code 1. */
  crash(error: unknown): void;
}

interface Listener {
  readonly requests: StopRequests;
  asked: StopSignal | undefined;
}

const listeners = new Set<Listener>();
let lastSignal: StopSignal | undefined;
let crashed = false;
let hearsCrashes = false;

/**
 * Hear of signals while a run lives. Returns how to stop hearing.
 *
 * When the last run that heard a signal is over, the program ends by that same signal, as it would
 * have without ramure, unless the program listens to it itself; after an uncaught error that the
 * program does not handle itself it ends with exit code 1.
 */
export function onStopRequests(requests: StopRequests): () => void {
  if (listeners.size === 0) install();
  const listener: Listener = { requests, asked: undefined };
  listeners.add(listener);
  return () => {
    if (!listeners.delete(listener) || listeners.size > 0) return;
    uninstall();
    endProgram();
  };
}

function install(): void {
  lastSignal = undefined;
  crashed = false;
  for (const signal of signals) process.on(signal, heard);
  hearsCrashes = process.listenerCount("uncaughtException") === 0;
  if (hearsCrashes) process.on("uncaughtException", uncaught);
  if (process.listenerCount("unhandledRejection") === 0)
    process.on("unhandledRejection", unhandled);
}

function uninstall(): void {
  for (const signal of signals) process.off(signal, heard);
  process.off("uncaughtException", uncaught);
  process.off("unhandledRejection", unhandled);
}

function heard(signal: NodeJS.Signals): void {
  const known = signals.find((name) => name === signal);
  if (known === undefined) return;
  lastSignal = known;
  for (const listener of [...listeners]) {
    const { asked, requests } = listener;
    listener.asked = known;
    if (asked === undefined) requests.stop(known);
    else requests.kill(known);
  }
}

function uncaught(error: unknown): void {
  crashed = true;
  for (const { requests } of [...listeners]) requests.crash(error);
}

/** A loop in the background of a process that stops is no crash; any other rejection is, as without ramure. */
function unhandled(reason: unknown): void {
  if (!(reason instanceof StoppedError)) throw reason;
}

function endProgram(): void {
  if (crashed) process.exit(1);
  if (lastSignal !== undefined && process.listenerCount(lastSignal) === 0) {
    process.kill(process.pid, lastSignal);
  }
}
