import type { Behavior, Context } from "../../actors/behavior.ts";
import { type ErrorExit, type ExitReason, errorExit } from "../../actors/exit-reason.ts";
import {
  GaveUpError,
  NotAsyncError,
  ProcessFailedError,
  ProcessTimeoutError,
} from "../../errors.ts";
import { createSupervision, type SupervisionHooks } from "../supervision.ts";
import type { GaveUpEvent, SupervisionEvent } from "../supervision-event.ts";
import { deferred } from "./deferred.ts";
import { Inbox } from "./inbox.ts";
import { Outcome } from "./outcome.ts";
import type { ProcessRecord } from "./process-record.ts";
import { enter, type ProcessMessage, type Scope } from "./scope.ts";

/** How long a body has, once its signal aborted, before it is abandoned. */
const bodyShutdownMs = 5_000;

/** Make the actor that runs one epoch of a process. */
export function processBehavior(record: ProcessRecord): Behavior<ProcessMessage, Scope> {
  return {
    init: (context) => openScope(record, context),
    started: (scope) => {
      scope.body = runBody(scope);
      return scope;
    },
    receive: (scope, message) => {
      handle(scope, message);
      return scope;
    },
    stopping: async (scope) => {
      record.stopping();
      await bodyEnd(scope);
      await scope.supervision.stopAll({ type: "shutdown", cause: "parent" });
    },
    terminate: (scope, reason) => {
      scope.reason = reason;
    },
  };
}

function openScope(record: ProcessRecord, context: Context<ProcessMessage>): Scope {
  const scope: Scope = {
    run: record.run,
    record,
    context,
    epoch: record.epoch,
    outcome: new Outcome(),
    inbox: new Inbox(),
    supervision: createSupervision(context, {}, hooksOf(record, context)),
    names: new Set(),
    signal: context.signal,
    localMachine: undefined,
    body: Promise.resolve(),
    thrown: undefined,
    reason: undefined,
    closed: false,
  };
  // Owned first, so disposed last: also after a kill, which skips `terminate`.
  context.own(() => closeScope(scope));
  record.entered({ deliver: (value) => context.self.send({ type: "message", value }) });
  return scope;
}

function closeScope(scope: Scope): void {
  scope.closed = true;
  scope.record.endpoints.withdrawAll();
  const reason = scope.reason ?? { type: "killed", by: "brutal" };
  scope.record.ended({ reason, thrown: scope.thrown ?? scope.record.lost });
}

/** Events of the children that stand on the process's own stream; the others are in the journal alone. */
const told: ReadonlySet<SupervisionEvent["type"]> = new Set(["restarting", "restarted", "gave-up"]);

function hooksOf(record: ProcessRecord, context: Context<ProcessMessage>): SupervisionHooks {
  const end = (reason: ExitReason): void => {
    context.self.send({ type: "end", reason });
  };
  return {
    onEvent: (event) => {
      const { type, ...data } = event;
      if (told.has(type)) record.emit(type, data);
      else record.run.note({ type, path: record.path, data });
      if (event.type === "gave-up") record.lost = lostChild(record, event);
    },
    onGiveUp: end,
    onAutoShutdown: end,
  };
}

function lostChild(record: ProcessRecord, event: GaveUpEvent): GaveUpError {
  const last = event.reason.type === "error" ? event.reason.message : event.reason.type;
  const cause = record.children.get(event.id)?.thrown;
  return new GaveUpError(`${record.path}/${event.id}`, event.cause, last, { cause });
}

async function runBody(scope: Scope): Promise<void> {
  const { definition, args, path } = scope.record;
  const { timeoutMs = 0 } = definition.options;
  const { self, timers } = scope.context;
  if (timeoutMs > 0) timers.after("timeout", timeoutMs, timedOut(path, timeoutMs));
  try {
    const running = enter(scope, () => definition.body(...args));
    if (!isPromise(running)) throw new NotAsyncError(path);
    self.send({ type: "body-returned", value: await running });
  } catch (error) {
    self.send({ type: "body-threw", error });
  }
}

function handle(scope: Scope, message: ProcessMessage): void {
  if (message.type === "message") scope.inbox.push(message.value);
  else scope.context.exit(endOf(scope, message));
}

function endOf(scope: Scope, message: Exclude<ProcessMessage, { type: "message" }>): ExitReason {
  if (message.type === "end") {
    scope.thrown ??= message.thrown;
    return message.reason;
  }
  if (message.type === "body-threw") return thrownExit(scope, message.error);
  try {
    return { type: "normal", value: scope.outcome.resultOf(message.value) };
  } catch (failure) {
    return thrownExit(scope, failure);
  }
}

function thrownExit(scope: Scope, error: unknown): ErrorExit {
  scope.thrown = error;
  const failed = error instanceof ProcessFailedError && error.path === scope.record.path;
  return errorExit(error, failed ? "fail" : "throw");
}

function timedOut(path: string, timeoutMs: number): ProcessMessage {
  const thrown = new ProcessTimeoutError(path, timeoutMs);
  return { type: "end", reason: errorExit(thrown, "timeout"), thrown };
}

/** Let the body run its `finally`, bounded; after that it is abandoned and has no effect. */
async function bodyEnd(scope: Scope): Promise<void> {
  const abandoned = deferred<void>();
  const timer = scope.run.clock.setTimer(bodyShutdownMs, () => abandoned.resolve());
  await Promise.race([scope.body, abandoned.promise]);
  timer.cancel();
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === "object" && value !== null && "then" in value;
}
