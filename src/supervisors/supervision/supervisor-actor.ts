import type { EventLog } from "../../actors/events/index.ts";
import type {
  Behavior,
  Context,
  Ignore,
  Ref,
  Reply,
  ShutdownExit,
} from "../../actors/kernel/index.ts";
import type { ChildInfo, SupervisionEvent } from "./child.ts";
import type { ChildCounts, RestartOptions, StartedChild, StartOptions } from "./child-admin.ts";
import type { ChildSpec, ResolvedSpec } from "./child-spec.ts";
import type { ChildId } from "./strategy.ts";
import { createSupervision, type Supervision } from "./supervision.ts";
import type { SupervisionFlags } from "./supervisor-flags.ts";

/** What a supervisor is asked. */
export type SupervisorMessage =
  | {
      readonly type: "start-child";
      readonly spec: ChildSpec;
      readonly options: StartOptions;
      readonly reply: Reply<StartedChild | Ignore>;
    }
  | {
      readonly type: "terminate-child";
      readonly child: ChildId | number;
      readonly reply: Reply<void>;
    }
  | {
      readonly type: "restart-child";
      readonly id: ChildId;
      readonly options: RestartOptions;
      readonly reply: Reply<StartedChild | Ignore>;
    }
  | { readonly type: "delete-child"; readonly id: ChildId; readonly reply: Reply<void> }
  | { readonly type: "children"; readonly reply: Reply<readonly ChildInfo[]> }
  | { readonly type: "counts"; readonly reply: Reply<ChildCounts> }
  | { readonly type: "events"; readonly reply: Reply<EventLog> }
  | {
      readonly type: "child-spec";
      readonly id: ChildId;
      readonly reply: Reply<ResolvedSpec | undefined>;
    };

/** The ref of a supervisor; `supervisorOf` makes calls of it. */
export type SupervisorRef = Ref<SupervisorMessage>;

/**
 * Make the behavior of a supervisor: an actor that does nothing but decide over its children.
 *
 * Its start is done when all of `specs` have started. As a child of another supervisor give it the
 * spec's `type: "supervisor"`, so that it may take as long to stop as its children do.
 */
export function supervisorBehavior(
  flags: SupervisionFlags,
  specs: readonly ChildSpec[],
): Behavior<SupervisorMessage, Supervision> {
  return {
    async init(context) {
      const end = (reason: ShutdownExit) => context.exit(reason);
      const supervision = createSupervision(context, flags, {
        onEvent: (event) => publish(context, event),
        onGiveUp: end,
        onAutoShutdown: end,
      });
      await supervision.startAll(specs);
      return supervision;
    },
    receive(supervision, message, context) {
      if (message?.type === "events") message.reply.send(context.events);
      else if (!handle(supervision, message)) reportStranger(context, message);
      return supervision;
    },
    stopping: (supervision) => supervision.stopAll(),
  };
}

/** Start what was asked and come back at once: a slow start never holds up the next question. */
function handle(supervision: Supervision, message: SupervisorMessage): boolean {
  switch (message?.type) {
    case "start-child":
      answer(message.reply, supervision.startChild(message.spec, message.options));
      return true;
    case "terminate-child":
      answer(message.reply, supervision.terminateChild(message.child));
      return true;
    case "restart-child":
      answer(message.reply, supervision.restartChild(message.id, message.options));
      return true;
    case "delete-child":
      answer(message.reply, supervision.deleteChild(message.id));
      return true;
    case "children":
      message.reply.send(supervision.children());
      return true;
    case "counts":
      message.reply.send(supervision.counts());
      return true;
    case "child-spec":
      message.reply.send(supervision.childSpec(message.id));
      return true;
    default:
      return false;
  }
}

function answer<Value>(reply: Reply<Value>, coming: Promise<Value>): void {
  coming.then(
    (value) => reply.send(value),
    (error: unknown) => reply.fail(error),
  );
}

function publish(context: Context<never>, { type, ...data }: SupervisionEvent): void {
  context.emit(type, data);
}

function reportStranger(context: Context<never>, message: unknown): void {
  publish(context, { type: "unexpected-message", message: preview(message) });
}

function preview(message: unknown): string {
  try {
    return (JSON.stringify(message) ?? String(message)).slice(0, 200);
  } catch {
    return typeof message;
  }
}
