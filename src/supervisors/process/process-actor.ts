import {
  type Behavior,
  type Context,
  type ErrorExit,
  type ExitReason,
  errorExit,
  firstReason,
  isRetryable,
} from "../../actors/kernel/index.ts";
import { atMost, isPromise } from "../../actors/wait.ts";
import { MisuseError } from "../../errors.ts";
import {
  createSupervision,
  type GaveUpEvent,
  limitText,
  StartFailedError,
  type SupervisionEvent,
} from "../supervision/index.ts";
import type { StartRule } from "./definition.ts";
import {
  GaveUpError,
  ProcessEndedError,
  ProcessFailedError,
  ProcessTimeoutError,
} from "./errors.ts";
import { Outcome } from "./outcome.ts";
import { ProcessMailbox } from "./process-mailbox.ts";
import type { ProcessRecord } from "./process-record.ts";
import { enter, type ProcessMessage, ProcessScope } from "./scope.ts";
import { type EndMessage, receiveEarly, started, watchStart } from "./start-rule.ts";

/** The time that a body has, once its signal aborted, before it is abandoned. */
const bodyShutdownMs = 5_000;

/** The reason of an end that came with the parent's. */
const parted: ExitReason = { type: "shutdown", cause: "parent" };

/** Make the actor that runs one epoch of a process. */
export function processBehavior(record: ProcessRecord): Behavior<ProcessMessage, ProcessScope> {
  return {
    awaits: false,
    init: (context) => {
      const scope = openScope(record, context);
      return waitsForEvent(record) ? startWithBody(scope, record.definition.start) : scope;
    },
    started: (scope) => {
      if (!waitsForEvent(record)) enterBody(scope, record.definition.start);
      return scope;
    },
    receive: (scope, message) => {
      handle(scope, message);
      return scope;
    },
    stopping: async (scope) => {
      record.stopping();
      await bodyEnd(scope);
      await scope.supervision.stopAll(parted);
    },
    terminate: (scope, reason) => {
      scope.endsBy(reason);
    },
  };
}

function openScope(record: ProcessRecord, context: Context<ProcessMessage>): ProcessScope {
  record.reopen();
  const outcome = new Outcome();
  const scope: ProcessScope = new ProcessScope({
    record,
    context,
    outcome,
    mailbox: new ProcessMailbox(),
    supervision: createSupervision(context, record.definition.supervision ?? {}, {
      onEvent: (event) => note(record, event),
      onGiveUp: (reason) => void scope.tell({ type: "end", reason }),
      onAutoShutdown: () => outcome.done(undefined),
    }),
  });
  if (waitsForEvent(record)) receiveEarly(scope);
  // Owned first, so disposed last: also after a kill, which skips `terminate`.
  context.own(() => closeScope(scope));
  record.entered({
    deliver: (value) => scope.tell({ type: "message", value }),
    waits: () => scope.waits,
    receives: () => scope.mailbox.wasAsked,
  });
  return scope;
}

/** A record whose siblings wait until its body has emitted an event. */
type WaitedFor = ProcessRecord & { readonly definition: { readonly start: StartRule } };

function waitsForEvent(record: ProcessRecord): record is WaitedFor {
  const { start } = record.definition;
  return start !== undefined && start.alone !== true;
}

function enterBody(scope: ProcessScope, rule: StartRule | undefined): void {
  if (rule !== undefined) {
    watchStart(scope, rule, (thrown) =>
      scope.tell({ type: "end", reason: errorExit(thrown, "timeout"), thrown }),
    );
  }
  scope.record.started();
  scope.enterBody(() => runBody(scope));
}

/** Start with a body whose event the siblings wait for. What ends it before that is a start that failed. */
async function startWithBody(scope: ProcessScope, rule: StartRule): Promise<ProcessScope> {
  const { context, record } = scope;
  const run = context.bind(() => scope.enterBody(() => runBody(scope)));
  try {
    const end = await started(scope, rule, run);
    if (end !== undefined) endStart(scope, end);
    record.started();
    return scope;
  } catch (error) {
    const stopped = scope.signal.aborted;
    const reason = stopped ? parted : errorExit(error, "timeout");
    scope.endsBy(scope.ending.reason ?? reason, error);
    if (stopped) await bodyEnd(scope);
    else context.own(() => bodyEnd(scope));
    await scope.supervision.stopAll();
    throw error;
  }
}

/** A body that returned has started and ended; throw what any other end was. */
function endStart(scope: ProcessScope, end: EndMessage): void {
  const reason = endOf(scope, end);
  scope.divert(undefined);
  if (reason.type === "normal") {
    scope.tell({ type: "end", reason });
    return;
  }
  scope.endsBy(reason);
  throw (
    scope.ending.thrown ??
    new ProcessEndedError(scope.record.path, {
      class: reason.type,
      message: "it ended before it had started",
    })
  );
}

function closeScope(scope: ProcessScope): void {
  scope.close();
  scope.record.endpoints.withdrawAll();
  const { reason = { type: "killed", by: "brutal" }, thrown } = scope.ending;
  scope.record.ended({ reason, thrown: thrown ?? scope.record.lost });
}

/** Events of the children that stand on the process's own stream; the others are in the journal alone. */
const told: ReadonlySet<SupervisionEvent["type"]> = new Set(["restarting", "restarted", "gave-up"]);

function note(record: ProcessRecord, event: SupervisionEvent): void {
  const { type, ...data } = event;
  if (told.has(type)) record.emit(type, data);
  else record.run.note({ type, path: record.path, data });
  if (event.type === "gave-up") record.lost = lostChild(record, event);
}

function lostChild(record: ProcessRecord, event: GaveUpEvent): GaveUpError {
  const { id, reason } = event;
  const first = firstReason(reason);
  const last = first.type === "error" ? first.message : first.type;
  const cause = record.children.get(id)?.thrown ?? reason;
  const retryable = isRetryable(reason);
  const limit = event.limit && limitText(event.limit);
  return new GaveUpError(`${record.path}/${id}`, event.cause, last, { cause, retryable, limit });
}

async function runBody(scope: ProcessScope): Promise<void> {
  const { definition, args, path } = scope.record;
  const { timeoutMs = 0 } = definition.options;
  const { timers } = scope.context;
  if (timeoutMs > 0) timers.after("timeout", timeoutMs, timedOut(path, timeoutMs));
  try {
    const running = enter(scope, () => definition.body(...args));
    if (!isPromise(running))
      throw new MisuseError(
        "not-async",
        `The body of ${path} must be an async function; write agentProcess(async () => …).`,
      );
    const value = await running;
    scope.tell({ type: "body-returned", value });
  } catch (error) {
    scope.tell({ type: "body-threw", error });
  }
}

function handle(scope: ProcessScope, message: ProcessMessage): void {
  if (message.type === "message") scope.mailbox.push(message.value);
  else scope.context.exit(endOf(scope, message));
}

function endOf(scope: ProcessScope, message: EndMessage): ExitReason {
  switch (message.type) {
    case "end":
      scope.endsBy(undefined, message.thrown);
      return message.reason;
    case "body-threw":
      return thrownExit(scope, message.error);
    case "body-returned":
      return returnedExit(scope, message.value);
    default:
      return message satisfies never;
  }
}

function returnedExit(scope: ProcessScope, value: unknown): ExitReason {
  try {
    return { type: "normal", value: scope.outcome.resultOf(value) };
  } catch (failure) {
    return thrownExit(scope, failure);
  }
}

function thrownExit(scope: ProcessScope, error: unknown): ErrorExit {
  scope.endsBy(undefined, error);
  return errorExit(error, classOf(scope.record, error));
}

function classOf({ path, definition }: ProcessRecord, error: unknown): string {
  if (error instanceof ProcessFailedError && error.path === path) return "fail";
  const children = definition.supervision !== undefined && error instanceof StartFailedError;
  return children ? "start-failed" : "throw";
}

function timedOut(path: string, timeoutMs: number): ProcessMessage {
  const thrown = new ProcessTimeoutError(path, timeoutMs);
  return { type: "end", reason: errorExit(thrown, "timeout"), thrown };
}

/** Let the body run its `finally`, bounded; after that it is abandoned and has no effect. */
function bodyEnd(scope: ProcessScope): Promise<void> {
  return atMost(scope.run.clock, bodyShutdownMs, scope.body);
}
