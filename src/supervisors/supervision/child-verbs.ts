import type { CallOptions, Ref } from "../../actors/kernel/index.ts";
import type { ChildId } from "./strategy.ts";

/** A child that was started. */
export interface StartedChild<Message = unknown> {
  readonly id: ChildId;
  /** The ref of this attempt. */
  readonly ref: Ref<Message>;
  /** The ref of the child's slot, the same across restarts. */
  readonly address: Ref<Message>;
}

/** The numbers of children. */
export interface ChildCounts {
  /** Slots; for a dynamic supervisor its one template. */
  readonly specs: number;
  /** Children that run. */
  readonly active: number;
  readonly supervisors: number;
  readonly workers: number;
}

/** The options of the start of one child more. */
export interface StartOptions {
  /** Calls the start off. */
  readonly signal?: AbortSignal | undefined;
}

/** The options of a restart by hand. */
export interface RestartOptions {
  /** Stop the child first when it runs, and wait no longer when it waits. Default: false. */
  readonly force?: boolean | undefined;
}

/** Lets a verb take as long as the start or the stop that it asked for. */
const patient: CallOptions = { timeoutMs: Number.POSITIVE_INFINITY };
const prompt: CallOptions = {};

/**
 * The verbs over children, each with the time that an answer to it may take.
 *
 * `Supervision` does them. A supervisor takes them as messages, and its handle is made from this list.
 */
export const childVerbs = {
  startChild: patient,
  terminateChild: patient,
  restartChild: patient,
  deleteChild: prompt,
  children: prompt,
  childSpec: prompt,
  counts: prompt,
} as const satisfies Readonly<Record<string, CallOptions>>;

/** A verb over the children of a supervisor. */
export type ChildVerb = keyof typeof childVerbs;

/** Tell whether a word is a verb over children. */
export function isChildVerb(word: unknown): word is ChildVerb {
  return typeof word === "string" && Object.hasOwn(childVerbs, word);
}
