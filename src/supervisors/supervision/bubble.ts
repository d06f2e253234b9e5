import type { EventLog, LogEvent } from "../../actors/events/index.ts";
import { MisuseError } from "../../errors.ts";

export interface BubbleOptions {
  /** Put in front of each event's own source. Default: the child's name. */
  readonly source?: string | undefined;
  /** Types to forward. Default: all. */
  readonly only?: readonly string[] | undefined;
}

/** The flows of each log: where its events go, and how to end that. */
const flows = new WeakMap<EventLog, Map<EventLog, () => void>>();

/**
 * Forward each event of a log once to another, those of the past first; `source` is put in front.
 *
 * Of a past that is no longer in memory, one `gap {from, to}` event is forwarded instead.
 * Returns how to stop; twice is harmless. The same flow again is the same flow. Throws
 * MisuseError (`bubble-cycle`) when the events would come round.
 */
export function bubble(
  child: EventLog,
  parent: EventLog,
  source: string,
  { only }: Pick<BubbleOptions, "only"> = {},
): () => void {
  const out = flows.get(child) ?? new Map<EventLog, () => void>();
  flows.set(child, out);
  const known = out.get(parent);
  if (known !== undefined) return known;
  if (reaches(parent, child)) {
    throw new MisuseError(
      "bubble-cycle",
      `${child.path} cannot bubble to ${parent.path}: its events would come round; bubble upwards only.`,
    );
  }
  let unsubscribe = (): void => {};
  const stop = (): void => {
    unsubscribe();
    if (out.get(parent) === stop) out.delete(parent);
  };
  out.set(parent, stop);
  if (child.first > 1) parent.append("gap", { from: 1, to: child.first - 1 }, { source });
  unsubscribe = child.subscribe((event) => forward(event, parent, source, only), { replay: true });
  return stop;
}

function forward(
  event: LogEvent,
  parent: EventLog,
  source: string,
  only: readonly string[] | undefined,
): void {
  if (only !== undefined && !only.includes(event.type)) return;
  const from = event.source === undefined ? source : `${source}/${event.source}`;
  const { at, epoch } = event;
  parent.append(event.type, event.data, { source: from, at, epoch, isolated: true });
}

function reaches(from: EventLog, to: EventLog): boolean {
  if (from === to) return true;
  return [...(flows.get(from)?.keys() ?? [])].some((next) => reaches(next, to));
}
