import type { Clock } from "../clock.ts";
import { createEventLog, type EventLog } from "../events/index.ts";
import { Ring } from "../ring.ts";
import type { ExitReason } from "./exit-reason.ts";

interface Ended {
  readonly path: string;
  readonly epoch: number;
  readonly reason: ExitReason;
}

/** How many ended actors are remembered with their events. */
const remembered = 1_000;
/** How many events of one actor stay in memory. */
const keptEvents = 10_000;

/** The event logs of actors by path: made at the first use, forgotten some time after the actor's end. */
export class Logs {
  readonly #clock: Clock;
  readonly #logs = new Map<string, EventLog>();
  readonly #ended = new Map<string, Ended>();
  /** The same in the order of their ends, and some that were begun again since. */
  readonly #oldest = new Ring<Ended>();
  /** What the kernel has to say of any actor. */
  readonly system: EventLog;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.system = createEventLog({ clock, path: "/", max: keptEvents });
  }

  /** The log of the actor at `path`, whether it lives, has ended or is still to come. */
  of(path: string, epoch: number | undefined): EventLog {
    if (path === "/" || path === "") return this.system;
    const known = this.#logs.get(path);
    if (known !== undefined) return known;
    const ended = this.#ended.get(path);
    const at = epoch ?? ended?.epoch ?? 1;
    const log = createEventLog({ clock: this.#clock, path, epoch: at, max: keptEvents });
    if (ended !== undefined && epoch === undefined) appendEnd(log, ended.reason);
    this.#logs.set(path, log);
    return log;
  }

  /** An incarnation begins: a log that ended goes on. */
  begin(path: string, epoch: number): void {
    if (this.#ended.size > 0) this.#ended.delete(path);
    if (this.#logs.size === 0) return;
    const log = this.#logs.get(path);
    if (log !== undefined && (log.ended || log.epoch !== epoch)) log.reopen(epoch);
  }

  /** An incarnation has ended: its terminal event. */
  end(path: string, epoch: number, reason: ExitReason): void {
    const ended = { path, epoch, reason };
    this.#ended.set(path, ended);
    this.#oldest.push(ended);
    const log = this.#logs.size === 0 ? undefined : this.#logs.get(path);
    if (log !== undefined) appendEnd(log, reason);
    if (this.#oldest.length > remembered) this.#forgetOldest();
  }

  #forgetOldest(): void {
    const oldest = this.#oldest.shift();
    if (oldest === undefined || this.#ended.get(oldest.path) !== oldest) return;
    this.#ended.delete(oldest.path);
    this.#logs.delete(oldest.path);
  }
}

function appendEnd(log: EventLog, reason: ExitReason): void {
  if (reason.type === "normal") log.append("done", { result: reason.value });
  else if (reason.type === "error") log.append("failed", { ...reason, type: undefined });
  else log.append("cancelled", { reason });
}
