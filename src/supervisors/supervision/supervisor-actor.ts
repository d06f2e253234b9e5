import type { EventLog } from "../../actors/events/index.ts";
import type { Behavior, Context, Ref, Reply, ShutdownExit } from "../../actors/kernel/index.ts";
import type { SupervisionEvent } from "./child.ts";
import type { ChildSpec } from "./child-spec.ts";
import { type ChildVerb, isChildVerb } from "./child-verbs.ts";
import { createSupervision, type Supervision } from "./supervision.ts";
import type { SupervisionFlags } from "./supervisor-flags.ts";

/** A question to a supervisor: one of its verbs with the arguments that `Supervision` takes. */
type Ask = {
  readonly [Verb in ChildVerb]: {
    readonly type: "ask";
    readonly verb: Verb;
    readonly args: Readonly<Parameters<Supervision[Verb]>>;
    readonly reply: Reply<Awaited<ReturnType<Supervision[Verb]>>>;
  };
}[ChildVerb];

/** The messages that a supervisor takes. */
export type SupervisorMessage =
  /** Do a verb over the children. */
  | Ask
  /** Give the log of what happened to the children. */
  | { readonly type: "events"; readonly reply: Reply<EventLog> };

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
      switch (message?.type) {
        case "ask":
          if (isChildVerb(message.verb)) answer(supervision, message);
          else reportStranger(context, message);
          return supervision;
        case "events":
          message.reply.send(context.events);
          return supervision;
        default:
          reportStranger(context, message satisfies never);
          return supervision;
      }
    },
    stopping: (supervision) => supervision.stopAll(),
  };
}

/** Begin what was asked and come back at once: a slow start never holds up the next question. */
function answer(supervision: Supervision, { verb, args, reply }: Ask): void {
  // Safe casts: `Ask` ties the arguments and the reply of a question to its verb.
  const act = supervision[verb] as (...given: readonly unknown[]) => unknown;
  const asked = reply as Reply<unknown>;
  const done = async () => await act.apply(supervision, [...args]);
  done().then(
    (value) => asked.send(value),
    (error: unknown) => asked.fail(error),
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
