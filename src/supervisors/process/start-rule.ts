import type { LogEvent } from "../../actors/events/index.ts";
import { StartTimeoutError } from "../../actors/kernel/index.ts";
import { waiting } from "../../actors/wait.ts";
import { StartFailedError } from "../supervision/index.ts";
import type { StartRule } from "./definition.ts";
import type { ProcessRecord } from "./process-record.ts";
import { limitsOf, type ProcessMessage, type ProcessScope } from "./scope.ts";

/** A message that ends an epoch. */
export type EndMessage = Exclude<ProcessMessage, { readonly type: "message" }>;

/**
 * Send messages straight to the mailbox until the process has started, because its actor takes none
 * before that.
 */
export function receiveEarly(scope: ProcessScope): void {
  scope.divert((message) => {
    if (message.type === "message") scope.mailbox.push(message.value);
  });
}

/**
 * Run the body, and wait until it emits the event by which it counts as started.
 *
 * Gives what ended it before the event, or undefined; rejects when it took too long or is to stop.
 */
export async function started(
  scope: ProcessScope,
  rule: StartRule,
  run: () => void,
): Promise<EndMessage | undefined> {
  const { record } = scope;
  const expired = (ms: number): Error => new StartTimeoutError(record.path, ms);
  const limits = limitsOf(scope, { timeoutMs: rule.timeoutMs, expired });
  const first = waiting<EndMessage | undefined>(limits, ({ resolve }) => {
    scope.divert((message) => {
      if (message.type === "message") scope.mailbox.push(message.value);
      else resolve(message);
    });
    return record.log.subscribe(({ type, source }) => {
      if (type !== rule.event || !isOwn(scope, source)) return;
      scope.divert(undefined);
      resolve(undefined);
    });
  });
  run();
  return await first;
}

/** Fail the epoch when the event does not come in time: for a start that nobody waits for. */
export function watchStart(
  scope: ProcessScope,
  rule: StartRule,
  late: (error: Error) => void,
): void {
  const { record, context, run } = scope;
  if (rule.timeoutMs === Number.POSITIVE_INFINITY) return;
  const timer = run.clock.setTimer(rule.timeoutMs, () =>
    late(new StartTimeoutError(record.path, rule.timeoutMs)),
  );
  const stop = record.log.subscribe(({ type, source }) => {
    if (type === rule.event && isOwn(scope, source)) timer.cancel();
  });
  context.own(() => {
    timer.cancel();
    stop();
  });
}

/**
 * Tell whether an event is the process's own. An event that bubbled up is another one's, unless the
 * process is only the face of that one.
 */
function isOwn({ record }: ProcessScope, source: string | undefined): boolean {
  return source === undefined || source === record.definition.faceOf;
}

/** Give the real error of a child's failed start, for a caller that knows of no supervisor. */
export function causeOf(error: unknown): unknown {
  if (error instanceof StartFailedError && error.cause !== undefined) return error.cause;
  return error;
}

const ends: readonly string[] = ["started", "done", "failed", "cancelled"];

/** Wait until the epoch that is being started counts as started, or has ended before that. */
export async function whenStarted(record: ProcessRecord): Promise<void> {
  if (record.state !== "starting") return;
  const { epoch } = record;
  const where = (event: LogEvent) => event.source === undefined && event.epoch === epoch;
  await record.log.waitFor(ends, { where });
}
