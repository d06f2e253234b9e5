import { type Behavior, type Context, type ExitReason, type Ignore, ignore } from "ramure/actors";
import type { ChildPolicy, ChildSpec } from "ramure/supervisors";

/** What a scripted worker understands; anything else is only written down. */
export type WorkerMessage =
  | "boom"
  | string
  | { readonly fail: unknown }
  | { readonly done: unknown }
  /** Wait, and stop waiting when the signal aborts. */
  | { readonly sleep: number }
  /** Wait, whatever the signal says. */
  | { readonly ignore: number }
  | { readonly send: readonly [to: string, message: unknown] }
  | { readonly emit: readonly [type: string, data: unknown] }
  /** Start another worker as a child. */
  | { readonly spawn: Worker }
  | { readonly reply: unknown };

export interface WorkerOptions extends ChildPolicy {
  readonly initDelay?: number | undefined;
  /** How many starts fail before one works. */
  readonly initFail?: number | undefined;
  /** Which start is the first to fail. Default: 1. */
  readonly initFailFrom?: number | undefined;
  readonly initHang?: boolean | undefined;
  /** Starts, counted from 1, that have nothing to run. */
  readonly initIgnore?: readonly number[] | undefined;
  readonly termDelay?: number | undefined;
  readonly termFail?: boolean | undefined;
}

/** The spec of a scripted worker. */
export type Worker = ChildSpec<WorkerMessage> & { readonly id: string };

export interface Workers {
  /** What all workers wrote down, in order: `start a#1`, `msg a#1 hello`, `term a#1 shutdown`. */
  readonly journal: string[];
  /** Make a scripted worker. */
  worker(id: string, options?: WorkerOptions): Worker;
  /** Lines since the last call. */
  take(): readonly string[];
}

/** Make scripted workers that write into one journal. */
export function workers(): Workers {
  const journal: string[] = [];
  return {
    journal,
    worker: (id, options = {}) => {
      const script = new Script(id, options, journal);
      return { ...options, id, start: (context) => script.start(context) };
    },
    take: () => journal.splice(0),
  };
}

/** Make the behavior of an actor from a spec, whose `start` runs inside the actor as under a supervisor. */
export function actorOf<Message>(spec: ChildSpec<Message>): Behavior<Message, unknown> {
  let made: Behavior<Message, unknown> | undefined;
  return {
    awaits: true,
    init: async (context) => {
      const started = await spec.start(context);
      if (started === ignore) return ignore;
      made = started;
      return made.init(context);
    },
    started: (state, context) => made?.started?.(state, context) ?? state,
    receive: (state, message, context) => made?.receive(state, message, context),
    stopping: (state, reason, context) => made?.stopping?.(state, reason, context),
    terminate: (state, reason, context) => made?.terminate?.(state, reason, context),
  };
}

class Script {
  readonly #id: string;
  readonly #options: WorkerOptions;
  readonly #journal: string[];
  #starts = 0;

  constructor(id: string, options: WorkerOptions, journal: string[]) {
    this.#id = id;
    this.#options = options;
    this.#journal = journal;
  }

  async start(context: Context<WorkerMessage>): Promise<Behavior<WorkerMessage, unknown> | Ignore> {
    const { initDelay, initFail = 0, initFailFrom = 1, initHang, initIgnore } = this.#options;
    this.#starts += 1;
    const turn = this.#starts;
    const { clock, signal } = context;
    if (initHang === true) await clock.sleep(Number.MAX_SAFE_INTEGER, { signal });
    if (initDelay !== undefined) await clock.sleep(initDelay, { signal });
    if (turn >= initFailFrom && turn < initFailFrom + initFail) {
      throw new Error(`init of ${this.#id} failed`);
    }
    if (initIgnore?.includes(turn) === true) return ignore;
    this.#write("start", context);
    return this.#behavior();
  }

  #behavior(): Behavior<WorkerMessage, unknown> {
    return {
      init: () => 0,
      receive: (state, message, context) => this.#receive(state, message, context),
      terminate: (_state, reason, context) => this.#terminate(reason, context),
    };
  }

  async #receive(
    state: unknown,
    message: WorkerMessage,
    context: Context<WorkerMessage>,
  ): Promise<unknown> {
    const said = typeof message === "string" ? message : JSON.stringify(message);
    this.#write("msg", context, said);
    if (message === "boom") throw new Error("boom");
    if (typeof message !== "object" || message === null) {
      context.from?.send(message);
      return state;
    }
    if ("fail" in message) context.exit(failure(message.fail));
    if ("done" in message) context.exit({ type: "normal", value: message.done });
    if ("sleep" in message) await context.clock.sleep(message.sleep, { signal: context.signal });
    if ("ignore" in message) await context.clock.sleep(message.ignore);
    if ("spawn" in message) context.spawn(actorOf(message.spawn), { name: message.spawn.id });
    if ("emit" in message) context.emit(message.emit[0], message.emit[1]);
    if ("reply" in message) context.from?.send(message.reply);
    return state;
  }

  async #terminate(reason: ExitReason, context: Context<WorkerMessage>): Promise<void> {
    const { termDelay, termFail } = this.#options;
    this.#write("term", context, reason.type);
    if (termDelay !== undefined) await context.clock.sleep(termDelay);
    if (termFail === true) throw new Error(`terminate of ${this.#id} failed`);
  }

  #write(what: string, context: Context<WorkerMessage>, more?: string): void {
    const line = `${what} ${this.#id}#${context.epoch}`;
    this.#journal.push(more === undefined ? line : `${line} ${more}`);
  }
}

function failure(reason: unknown): ExitReason {
  const message = typeof reason === "string" ? reason : JSON.stringify(reason);
  return { type: "error", class: "fail", message, retryable: true };
}
