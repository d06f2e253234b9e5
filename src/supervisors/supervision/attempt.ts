import {
  type Behavior,
  type Context,
  type ExitReason,
  type Ignore,
  ignore,
  isAsync,
} from "../../actors/kernel/index.ts";
import type { ResolvedSpec, Startable } from "./child-spec.ts";
import { InvalidSpecError } from "./errors.ts";

type Made = Behavior<unknown, unknown> | Ignore;

/** The behavior of one attempt to run a child: the spec's `start` inside the child, then the behavior that it made. */
export class Attempt implements Behavior<unknown, unknown> {
  readonly #spec: ResolvedSpec;
  #made: Behavior<unknown, unknown> | undefined;
  #closed = false;

  constructor(spec: ResolvedSpec) {
    this.#spec = spec;
  }

  /** Void the attempt: a behavior that `start` makes after this is not begun. */
  close(): void {
    this.#closed = true;
  }

  /** True until `start` has made a behavior, because `start` may await; then the behavior's own answer. */
  get awaits(): boolean {
    if (this.#made === undefined) return true;
    const { awaits, receive, init } = this.#made;
    return awaits ?? (isAsync(receive) || isAsync(init));
  }

  init(context: Context<unknown>): unknown {
    const made = this.#spec.start(context);
    return isPromise(made)
      ? made.then((settled) => this.#begin(settled, context))
      : this.#begin(made, context);
  }

  started(state: unknown, context: Context<unknown>): unknown {
    return this.#made?.started === undefined ? state : this.#made.started(state, context);
  }

  receive(state: unknown, message: unknown, context: Context<unknown>): unknown {
    return this.#made?.receive(state, message, context);
  }

  stopping(state: unknown, reason: ExitReason, context: Context<unknown>): void | Promise<void> {
    return this.#made?.stopping?.(state, reason, context);
  }

  terminate(state: unknown, reason: ExitReason, context: Context<unknown>): void | Promise<void> {
    return this.#made?.terminate?.(state, reason, context);
  }

  #begin(made: Made, context: Context<unknown>): unknown {
    if (made === ignore || this.#closed) return ignore;
    if (!isBehavior(made)) {
      throw new InvalidSpecError(
        "invalid-behavior",
        `child ${this.#spec.id}: start must give a behavior, with init and receive, or ignore`,
      );
    }
    this.#made = made;
    return made.init(context);
  }
}

function isPromise(made: Startable<unknown>): made is Promise<Made> {
  return typeof made === "object" && made !== null && "then" in made;
}

/** Check what a program without types gave: it may be anything. */
function isBehavior(made: unknown): boolean {
  const { init, receive }: { readonly init?: unknown; readonly receive?: unknown } = Object(made);
  return typeof init === "function" && typeof receive === "function";
}
