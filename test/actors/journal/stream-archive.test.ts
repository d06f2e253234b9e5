import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/actors/clock.ts";
import { createEventLog, type EventLog } from "../../../src/actors/events/event-log.ts";
import { type Journal, openJournal } from "../../../src/actors/journal/journal.ts";
import { StreamArchive } from "../../../src/actors/journal/stream-archive.ts";

let folder: string;
let journal: Journal;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ramure-archive-"));
  journal = await openJournal({
    file: join(folder, "runtime.jsonl"),
    clock: systemClock,
    limits: { maxFileBytes: 64 * 1024 },
  });
});

afterEach(async () => {
  await journal.close();
  await rm(folder, { recursive: true, force: true });
});

/** A stream of which only the newest ten events stay in memory. */
function stream(path = "/main"): EventLog {
  const archive = new StreamArchive(journal, path);
  return createEventLog({ clock: systemClock, path, max: 10, archive });
}

function fill(log: EventLog, count: number): void {
  for (let n = 1; n <= count; n += 1) log.append("n", { n });
}

async function read(log: EventLog, from = 1): Promise<readonly (readonly [number, unknown])[]> {
  const seen: (readonly [number, unknown])[] = [];
  for await (const { seq, data } of log.from(from)) seen.push([seq, data]);
  return seen;
}

function numbered(from: number, to: number): readonly (readonly [number, unknown])[] {
  return Array.from({ length: to - from + 1 }, (_, index) => [from + index, { n: from + index }]);
}

describe("a stream whose events are in the journal", () => {
  it("a stream whose events are in the journal is read back from any place in it, over many files, among the events of others", async () => {
    const [mine, other] = [stream("/main"), stream("/main/other")];
    for (let n = 1; n <= 3_000; n += 1) {
      mine.append("n", { n });
      other.append("n", { n: -n, about: "/main" });
      if (n % 500 === 0) await journal.flush();
    }
    mine.end();
    expect((await readdir(folder)).length).toBeGreaterThan(3);
    expect(await read(mine)).toEqual(numbered(1, 3_000));
    for (const from of [2, 256, 257, 258, 1_500, 2_989, 2_991, 3_000])
      expect(await read(mine, from)).toEqual(numbered(from, 3_000));
  });

  it("a stream whose events are in the journal is read back before its events were written", async () => {
    const log = stream();
    fill(log, 2_000);
    log.end();
    expect(await read(log)).toEqual(numbered(1, 2_000));
  });

  it("a stream whose events are in the journal gives each event as it was: its time, epoch, source and values that JSON has not", async () => {
    const log = stream();
    const data = { when: new Date(7), sizes: new Map([["a", 1]]), none: undefined };
    log.append("odd", data, { source: "pool/t0001", epoch: 4, at: 12_345 });
    log.append("nothing");
    fill(log, 20);
    log.end();
    const seen = [];
    for await (const event of log) seen.push(event);
    expect(seen[0]).toEqual({
      seq: 1,
      at: 12_345,
      type: "odd",
      data,
      path: "/main",
      epoch: 4,
      source: "pool/t0001",
    });
    expect(seen[1]).toMatchObject({ seq: 2, type: "nothing", epoch: 1, data: undefined });
    expect(Object.keys(seen[1] ?? {})).not.toContain("source");
  });

  it("a stream whose events are in the journal is not mixed up with an earlier or a later stream of the same path", async () => {
    const first = stream();
    fill(first, 300);
    first.end();
    const second = stream();
    for (let n = 1; n <= 300; n += 1) second.append("n", { n: n * 10 });
    second.end();
    expect(await read(first)).toEqual(numbered(1, 300));
    expect((await read(second)).slice(0, 2)).toEqual([
      [1, { n: 10 }],
      [2, { n: 20 }],
    ]);
  });

  it("a stream whose events are in the journal says which of its events went with a file that was removed", async () => {
    const log = stream();
    for (let times = 0; times < 6; times += 1) {
      fill(log, 400);
      await journal.flush();
    }
    log.end();
    const [oldest = ""] = (await readdir(folder)).filter((name) => /\d{12}/.test(name)).sort();
    await rm(join(folder, oldest));
    const seen = await read(log);
    const [[to, gap] = [0, undefined]] = seen;
    expect(gap).toEqual({ from: 1, to });
    expect(to).toBeGreaterThan(100);
    expect(seen.slice(1).map(([seq]) => seq)).toEqual(
      Array.from({ length: 2_400 - to }, (_, index) => to + 1 + index),
    );
  });

  it("a stream whose events are in the journal says what a damaged journal does not give", async () => {
    const log = stream();
    fill(log, 100);
    await journal.flush();
    await writeFile(join(folder, "runtime.jsonl"), "no journal at all\n");
    log.end();
    expect(await read(log)).toEqual([[90, { from: 1, to: 90 }], ...numbered(91, 100)]);
  });

  it("a stream whose events are in the journal is still read back when the run is over", async () => {
    const log = stream();
    fill(log, 100);
    log.end();
    await journal.close();
    expect(await read(log)).toEqual(numbered(1, 100));
  });
});
