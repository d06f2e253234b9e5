import type { Clock } from "../clock.ts";
import { createEventLog, type EventLog } from "../events/index.ts";
import { Ring } from "../ring.ts";
import type { ExitReason } from "./exit-reason.ts";

/** The end of one incarnation. */
interface EndedIncarnation {
  readonly path: string;
  readonly epoch: number;
  readonly reason: ExitReason;
  /** The time of the end, in ms since 1970. */
  readonly at: number;
  /** The end of the incarnation before it in the same slot. */
  before: EndedIncarnation | undefined;
  /** The number of ends before it. */
  readonly earlier: number;
  /** True while the next incarnation lives. */
  resumed: boolean;
}

/** The number of ended actors that are remembered with their events. */
const remembered = 1_000;
/** The number of ends of one slot that are remembered while nobody has read its log. */
const rememberedEnds = 100;
/** The number of events of one actor in memory. */
const keptEvents = 10_000;

/** The event logs of actors by path. A log is made at its first use and forgotten some time after the actor's end. */
export class Logs {
  readonly #clock: Clock;
  readonly #logs = new Map<string, EventLog>();
  /** The last end at each path. */
  readonly #ended = new Map<string, EndedIncarnation>();
  /** All of them in the order of their ends; some have a later incarnation. */
  readonly #oldest = new Ring<EndedIncarnation>();
  /** The kernel's own events about any actor. */
  readonly system: EventLog;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.system = createEventLog({ clock, path: "/", max: keptEvents });
  }

  /** Find or make the log of the actor at `path`. The actor may live, have ended, or not exist yet. */
  of(path: string, epoch: number | undefined): EventLog {
    if (path === "/" || path === "") return this.system;
    const known = this.#logs.get(path);
    if (known !== undefined) return known;
    const last = this.#ended.get(path);
    const ends = endsUpTo(last);
    const first = ends[0]?.epoch ?? epoch ?? 1;
    const log = createEventLog({ clock: this.#clock, path, epoch: first, max: keptEvents });
    for (const end of ends) {
      if (log.ended) log.reopen(end.epoch);
      appendEnd(log, end);
    }
    if (last?.resumed === true) log.reopen(epoch ?? last.epoch + 1);
    this.#logs.set(path, log);
    return log;
  }

  /** Note that an incarnation begins: an ended log is opened again. An actor that is no restart has no earlier ends. */
  begin(path: string, epoch: number): void {
    if (this.#ended.size > 0) {
      const ended = epoch === 1 ? undefined : this.#ended.get(path);
      if (ended === undefined) this.#ended.delete(path);
      else ended.resumed = true;
    }
    if (this.#logs.size === 0) return;
    const log = this.#logs.get(path);
    if (log !== undefined && (log.ended || log.epoch !== epoch)) log.reopen(epoch);
  }

  /** Note that an incarnation has ended: its log gets the terminal event. */
  end(path: string, epoch: number, reason: ExitReason): void {
    const log = this.#logs.size === 0 ? undefined : this.#logs.get(path);
    const before = epoch === 1 || log !== undefined ? undefined : this.#ended.get(path);
    const earlier = before === undefined ? 0 : before.earlier + 1;
    const at = this.#clock.wallNow();
    const ended = { path, epoch, reason, at, before, earlier, resumed: false };
    this.#ended.set(path, ended);
    this.#oldest.push(ended);
    if (earlier > 0 && earlier % rememberedEnds === 0) forgetEarlier(ended);
    if (log !== undefined) appendEnd(log, ended);
    if (this.#oldest.length > remembered) this.#forgetOldest();
  }

  #forgetOldest(): void {
    const oldest = this.#oldest.shift();
    if (oldest === undefined || this.#ended.get(oldest.path) !== oldest || oldest.resumed) return;
    this.#ended.delete(oldest.path);
    this.#logs.delete(oldest.path);
  }
}

/** List the ends in one slot, oldest first. */
function endsUpTo(last: EndedIncarnation | undefined): readonly EndedIncarnation[] {
  const ends: EndedIncarnation[] = [];
  for (let end = last; end !== undefined; end = end.before) ends.push(end);
  return ends.reverse();
}

/** Keep the newest `rememberedEnds` before `last`. */
function forgetEarlier(last: EndedIncarnation): void {
  let oldest = last;
  for (let kept = 0; kept < rememberedEnds && oldest.before !== undefined; kept += 1) {
    oldest = oldest.before;
  }
  oldest.before = undefined;
}

function appendEnd(log: EventLog, { reason, epoch, at }: EndedIncarnation): void {
  switch (reason.type) {
    case "normal":
      log.append("done", { result: reason.value }, { epoch, at });
      return;
    case "error":
      log.append("failed", { ...reason, type: undefined }, { epoch, at });
      return;
    case "shutdown":
    case "killed":
    case "noproc":
      log.append("cancelled", { reason }, { epoch, at });
      return;
    default:
      reason satisfies never;
  }
}
