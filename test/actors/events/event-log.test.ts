import { describe, expect, it } from "vitest";
import {
  createEventLog,
  type EventLog,
  type LogEvent,
} from "../../../src/actors/events/event-log.ts";
import type { ArchiveReader, LogArchive } from "../../../src/actors/events/log-archive.ts";
import { manualClock } from "../../../src/actors/manual-clock.ts";

function log(max?: number): EventLog {
  return createEventLog({ clock: manualClock(), path: "/worker", max });
}

/** An archive in memory, whose pages are two events long. */
class PagedArchive implements LogArchive<LogEvent> {
  readonly opened: number[] = [];
  #events: LogEvent[] = [];

  add(event: LogEvent): void {
    this.#events.push(event);
  }

  lose(...seqs: readonly number[]): void {
    this.#events = this.#events.filter(({ seq }) => !seqs.includes(seq));
  }

  open(from: number): ArchiveReader<LogEvent> {
    this.opened.push(from);
    let next = from;
    return {
      next: async () => {
        const page = this.#events.filter(({ seq }) => seq >= next).slice(0, 2);
        next = (page.at(-1)?.seq ?? next) + 1;
        return page;
      },
    };
  }
}

function archived(max: number): { readonly events: EventLog; readonly archive: PagedArchive } {
  const archive = new PagedArchive();
  const options = { clock: manualClock(), path: "/worker", max, archive };
  return { events: createEventLog(options), archive };
}

async function seqsOf(events: AsyncIterable<LogEvent>): Promise<number[]> {
  const seqs: number[] = [];
  for await (const { seq } of events) seqs.push(seq);
  return seqs;
}

async function readAll(events: AsyncIterable<{ readonly type: string }>): Promise<string[]> {
  const types: string[] = [];
  for await (const event of events) types.push(event.type);
  return types;
}

describe("an event log", () => {
  it("an event log gives every reader each event from the first, until the terminal one", async () => {
    const events = log();
    events.append("one");
    const early = readAll(events);
    events.append("two");
    events.append("done", { result: 1 });
    expect(await early).toEqual(["one", "two", "done"]);
    expect(await readAll(events)).toEqual(["one", "two", "done"]);
    expect(await readAll(events.from(2))).toEqual(["two", "done"]);
  });

  it("an event log does not end at the terminal event of somebody else", async () => {
    const events = log();
    events.append("failed", {}, { source: "child" });
    events.append("done");
    expect(await readAll(events)).toEqual(["failed", "done"]);
  });

  it("an event log takes nothing after its end", () => {
    const events = log();
    events.append("done");
    expect(events.append("late")).toBeUndefined();
    expect(events.last).toBe(1);
  });

  it("an event log goes on in the same loop when it is reopened before the next step", async () => {
    const events = log();
    const seen: string[] = [];
    events.append("failed");
    for await (const event of events) {
      seen.push(`${event.type}#${event.epoch}`);
      if (event.type !== "failed") continue;
      events.reopen();
      events.append("done");
    }
    expect(seen).toEqual(["failed#1", "done#2"]);
  });

  it("an event log lets each reader decide alone whether a restart came in time", async () => {
    const events = log();
    events.append("failed");
    expect(await readAll(events)).toEqual(["failed"]);
    events.reopen();
    events.append("done");
    expect(await readAll(events)).toEqual(["failed", "done"]);
  });

  it("an event log tells a reader that is too slow what it missed", async () => {
    const events = log(2);
    for (let count = 1; count <= 5; count += 1) events.append("tick", count);
    events.append("done");
    const seen: unknown[] = [];
    for await (const event of events) seen.push([event.seq, event.type, event.data]);
    expect(seen[0]).toEqual([4, "gap", { from: 1, to: 4 }]);
    expect(seen.slice(1)).toEqual([
      [5, "tick", 5],
      [6, "done", undefined],
    ]);
  });

  it("an event log keeps as many events as their bytes allow, and the newest one in any case", () => {
    const events = createEventLog({ clock: manualClock(), path: "/run", maxBytes: 250 });
    for (const text of ["a", "b", "c"]) events.append("said", { text: text.repeat(100) });
    expect(events.recent().map(({ seq }) => seq)).toEqual([2, 3]);
    events.append("said", { text: "d".repeat(1_000) });
    expect(events.recent().map(({ seq }) => seq)).toEqual([4]);
    events.append("said", { text: "e" });
    expect(events.recent().map(({ seq }) => seq)).toEqual([5]);
  });

  it("an event log reads back from its archive what is no longer in memory, then goes on in memory", async () => {
    const { events, archive } = archived(2);
    for (let count = 1; count <= 7; count += 1) events.append("tick", count);
    const reading = seqsOf(events);
    events.append("done");
    expect(await reading).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await seqsOf(events.from(4))).toEqual([4, 5, 6, 7, 8]);
    expect(archive.opened).toEqual([1, 4]);
  });

  it("an event log follows the archive as long as it is behind, however fast events come", async () => {
    const { events, archive } = archived(2);
    const seen: number[] = [];
    for (let count = 1; count <= 5; count += 1) events.append("tick");
    for await (const { seq } of events) {
      seen.push(seq);
      if (seq < 20) for (let count = 1; count <= 3; count += 1) events.append("tick");
      if (seen.length === 30) break;
    }
    expect(seen).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    expect(archive.opened).toEqual([1]);
  });

  it("an event log says which events its archive has not", async () => {
    const { events, archive } = archived(1);
    for (let count = 1; count <= 9; count += 1) events.append("tick");
    events.append("done");
    archive.lose(1, 2, 5, 8, 9);
    const seen: unknown[] = [];
    for await (const { type, seq, data } of events) seen.push(type === "gap" ? data : seq);
    expect(seen).toEqual([
      { from: 1, to: 2 },
      3,
      4,
      { from: 5, to: 5 },
      6,
      7,
      { from: 8, to: 9 },
      10,
    ]);
  });

  it("an event log lets go of a reader that leaves while it is read back for", async () => {
    const { events } = archived(1);
    for (let count = 1; count <= 3; count += 1) events.append("tick");
    const cursor = events[Symbol.asyncIterator]();
    const step = cursor.next();
    await cursor.return?.();
    expect(await step).toEqual({ done: true, value: undefined });
    expect(await cursor.next()).toEqual({ done: true, value: undefined });
  });

  it("an event log waits for an event that only its archive has", async () => {
    const { events } = archived(1);
    events.append("ready", { port: 1 });
    for (let count = 1; count <= 3; count += 1) events.append("tick");
    expect((await events.waitFor("ready")).data).toEqual({ port: 1 });
  });

  it("an event log finds an event that already came and one that comes later", async () => {
    const events = log();
    events.append("ready", { port: 1 });
    expect((await events.waitFor("ready")).data).toEqual({ port: 1 });
    const later = events.waitFor("ready", { where: (event) => event.seq > 1 });
    events.append("ready", { port: 2 });
    expect((await later).data).toEqual({ port: 2 });
  });

  it("an event log stops waiting at a timeout, an abort and the end", async () => {
    const clock = manualClock();
    const events = createEventLog({ clock, path: "/worker" });
    const late = expect(events.waitFor("ready", { timeoutMs: 100 })).rejects.toMatchObject({
      code: "wait-timeout",
    });
    await clock.advance(100);
    await late;
    const controller = new AbortController();
    const aborted = expect(events.waitFor("ready", { signal: controller.signal })).rejects.toBe(1);
    controller.abort(1);
    await aborted;
    const ended = expect(events.waitFor("ready")).rejects.toMatchObject({ code: "log-ended" });
    events.append("done");
    await ended;
    expect(clock.pending).toBe(0);
  });

  it("an event log frees a reader that breaks out, and one that waits when it is told to return", async () => {
    const events = log();
    const cursor = events[Symbol.asyncIterator]();
    const waiting = cursor.next();
    await cursor.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    events.append("one");
    expect(await cursor.next()).toEqual({ done: true, value: undefined });
  });

  it("an event log replays to a listener, in order also when a listener appends, and drops one that throws", () => {
    const events = log();
    events.append("one");
    const heard: string[] = [];
    events.subscribe((event) => event.type === "one" && void events.append("two"), {
      replay: true,
    });
    events.subscribe(() => {
      throw new Error("a listener's own trouble");
    });
    const stop = events.subscribe((event) => void heard.push(event.type), { replay: true });
    events.append("three");
    stop();
    events.append("four");
    expect(heard).toEqual(["one", "two", "three", "subscriber-failed"]);
  });

  it("an event log keeps what was emitted, whatever is done to the object later", () => {
    const events = log();
    const data = { list: [1], when: new Date(0) };
    events.append("made", data);
    data.list.push(2);
    data.when.setFullYear(1999);
    expect(events.recent()[0]?.data).toEqual({ list: [1], when: new Date(0) });
  });

  it("an event log marks what is no data and stays whole", () => {
    const events = log();
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    events.append("odd", { run: () => 1, wait: Promise.resolve(), live: new (class Live {})() });
    events.append("round", circle);
    events.append("trap", {
      get boom() {
        throw new Error("no");
      },
    });
    expect(events.recent()[0]?.data).toEqual({
      run: { unserialisable: "function" },
      wait: { unserialisable: "promise" },
      live: { unserialisable: "Live" },
    });
    expect(events.recent()[2]?.data).toEqual({ unserialisable: "no" });
    expect(events.last).toBe(3);
  });
});
