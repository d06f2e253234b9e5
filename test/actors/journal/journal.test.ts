import { constants } from "node:fs";
import {
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/actors/clock.ts";
import { createRedaction } from "../../../src/actors/data/redaction.ts";
import type { WritableHandle } from "../../../src/actors/journal/file.ts";
import {
  type Journal,
  type JournalEntry,
  type JournalOptions,
  openJournal,
} from "../../../src/actors/journal/journal.ts";
import { followJournal, readJournal } from "../../../src/actors/journal/reader.ts";
import { manualClock } from "../../../src/actors/manual-clock.ts";
import { collect } from "../../setup/collect.ts";

let folder: string;
let file: string;
const opened: Journal[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ramure-journal-"));
  file = join(folder, "runtime.jsonl");
});

afterEach(async () => {
  for (const journal of opened.splice(0)) await journal.close();
  await rm(folder, { recursive: true, force: true });
});

async function journalAt(options: Partial<JournalOptions> = {}): Promise<Journal> {
  const journal = await openJournal({ file, clock: systemClock, ...options });
  opened.push(journal);
  return journal;
}

function note(data: unknown, type = "note"): { type: string; path: string; data: unknown } {
  return { type, path: "/main", data };
}

const dataOf = (entries: readonly JournalEntry[]): readonly unknown[] =>
  entries.map(({ data }) => data);

async function written(): Promise<string> {
  return readFile(file, "utf8");
}

/** A disk that can be made to fail. */
function disk(): { fail: string | undefined; syncs: number; readonly open: typeof openOn } {
  const state = { fail: undefined as string | undefined, syncs: 0, open: openOn };
  async function openOn(path: string): Promise<WritableHandle> {
    const handle = await open(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
    const check = (): void => {
      if (state.fail) throw Object.assign(new Error(`${state.fail}: no`), { code: state.fail });
    };
    return {
      write: (...words: Parameters<WritableHandle["write"]>) => {
        check();
        return handle.write(...words);
      },
      stat: () => handle.stat(),
      datasync: async () => {
        check();
        state.syncs += 1;
        await handle.datasync();
      },
      close: () => handle.close(),
    } as WritableHandle;
  }
  return state;
}

describe("a journal", () => {
  it("a journal keeps what was added, in order, over being closed and opened again", async () => {
    const first = await journalAt();
    for (let number = 1; number <= 3; number += 1) first.append(note(number));
    await first.close();
    const second = await journalAt();
    expect(second.lastSeq).toBe(3);
    await second.commit(note(4));
    const entries = await collect(readJournal(file));
    expect(entries.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(dataOf(entries)).toEqual([1, 2, 3, 4]);
  });

  it("a journal writes telemetry within 50 ms, and not sooner for each", async () => {
    const clock = manualClock();
    const journal = await journalAt({ clock });
    journal.append(note(1));
    journal.append(note(2));
    await clock.advance(49);
    expect(await written()).toBe("");
    await clock.advance(1);
    await journal.flush();
    expect((await written()).split("\n")).toHaveLength(3);
  });

  it("a journal has a commit on the disk, with all before it, when that resolves", async () => {
    const journal = await journalAt({ clock: manualClock() });
    journal.append(note("before"));
    await journal.commit(note("promised"));
    expect(dataOf(await collect(readJournal(file)))).toEqual(["before", "promised"]);
  });

  it("a journal syncs once for all who commit at the same time, and resolves them in order", async () => {
    const device = disk();
    const journal = await journalAt({ openHandle: device.open });
    const order: number[] = [];
    const commits = Array.from({ length: 1_000 }, async (_, index) => {
      await journal.commit(note(index));
      order.push(index);
    });
    await Promise.all(commits);
    expect(device.syncs).toBeLessThanOrEqual(2);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(dataOf(await collect(readJournal(file)))).toEqual(order);
  });

  it("a journal keeps the order of commits and telemetry among many who write at once", async () => {
    const journal = await journalAt();
    const writers = Array.from({ length: 20 }, async (_, writer) => {
      for (let turn = 0; turn < 20; turn += 1) {
        journal.append(note({ writer, turn, kind: "told" }));
        await journal.commit(note({ writer, turn, kind: "promised" }));
      }
    });
    await Promise.all(writers);
    const entries = await collect(journal.read());
    expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 800 }, (_, at) => at + 1));
    const ofThird = dataOf(entries).filter((data) => isOf(data, 3));
    expect(ofThird).toHaveLength(40);
    expect(ofThird.slice(0, 3)).toEqual([
      { writer: 3, turn: 0, kind: "told" },
      { writer: 3, turn: 0, kind: "promised" },
      { writer: 3, turn: 1, kind: "told" },
    ]);
  });

  it("a journal says how much of a torn tail it cut when it was opened", async () => {
    const first = await journalAt();
    await first.commit(note(1));
    await first.close();
    const handle = await open(file, "a");
    await handle.write('{"v":1,"seq":2,"at":');
    await handle.close();
    const second = await journalAt();
    expect(await collect(second.read({ from: 2 }))).toMatchObject([
      { seq: 2, type: "journal-cut", data: { bytes: 20 } },
    ]);
  });

  it("a journal takes secrets out of records", async () => {
    const journal = await journalAt({ redaction: createRedaction(["canary-4711"]) });
    await journal.commit(note({ env: { KEY: "canary-4711" } }));
    expect(await written()).not.toContain("canary");
  });

  it("a journal is the user's alone", async () => {
    await journalAt();
    const handle = await open(file);
    const { mode } = await handle.stat();
    await handle.close();
    expect(mode & 0o777).toBe(0o600);
  });

  it("a journal takes nothing after it was closed, and may be closed twice", async () => {
    const journal = await journalAt();
    await journal.commit(note(1));
    await journal.close();
    journal.append(note(2));
    await journal.commit(note(3));
    await journal.close();
    expect(dataOf(await collect(journal.read()))).toEqual([1]);
  });
});

function isOf(data: unknown, writer: number): boolean {
  return typeof data === "object" && data !== null && Reflect.get(data, "writer") === writer;
}

describe("a disk that cannot be written", () => {
  it.each(["ENOSPC", "EROFS", "EIO"])(
    "a disk that cannot be written does not stop the run, and is said once: %s",
    async (code) => {
      const device = disk();
      const clock = manualClock();
      const problems: string[] = [];
      const onProblem = (problem: { code: string }): unknown => problems.push(problem.code);
      const journal = await journalAt({ clock, openHandle: device.open, onProblem });
      await journal.commit(note(1));
      device.fail = code;
      await journal.commit(note(2));
      await journal.commit(note(3));
      journal.append(note(4));
      expect(journal.problem).toMatchObject({ code, dropped: 0 });
      device.fail = undefined;
      await clock.advance(1_000);
      await journal.flush();
      expect(journal.problem).toBeUndefined();
      const entries = await collect(journal.read());
      expect(dataOf(entries).slice(0, 4)).toEqual([1, 2, 3, 4]);
      expect(entries[4]).toMatchObject({ type: "journal-gap", data: { code, dropped: 0 } });
      device.fail = code;
      await journal.commit(note(5));
      device.fail = undefined;
      expect(problems).toEqual([code]);
    },
  );

  it("a disk that cannot be written stops no run either when there is no file yet; what was added is read when there is one", async () => {
    const clock = manualClock();
    let isFull = true;
    const openHandle = async (path: string): Promise<WritableHandle> => {
      if (isFull) throw Object.assign(new Error("ENOSPC: full"), { code: "ENOSPC" });
      return await open(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
    };
    const problems: unknown[] = [];
    const onProblem = (problem: unknown): unknown => problems.push(problem);
    const journal = await journalAt({ clock, openHandle, onProblem });
    await journal.commit(note(1));
    await journal.commit(note(2));
    expect(problems).toEqual([expect.objectContaining({ code: "ENOSPC", message: "full" })]);
    expect(await collect(journal.read())).toEqual([]);
    const followed = collect(journal.follow());
    isFull = false;
    await clock.advance(1_000);
    await journal.commit(note(3));
    await journal.close();
    expect(dataOf(await followed).filter((data) => typeof data === "number")).toEqual([1, 2, 3]);
    expect(journal.problem).toBeUndefined();
  });

  it("a disk that cannot be written is noted when it is well again only at the end", async () => {
    const device = disk();
    const journal = await journalAt({ openHandle: device.open, onProblem: () => {} });
    device.fail = "EIO";
    await journal.commit(note(1));
    device.fail = undefined;
    await journal.close();
    const entries = await collect(readJournal(file));
    expect(entries.map(({ type }) => type)).toEqual(["note", "journal-gap"]);
  });

  it("a disk that cannot be written keeps memory bounded, and counts what is left out", async () => {
    const device = disk();
    const limits = { maxPendingBytes: 10_000 };
    const onProblem = (): void => {};
    const clock = manualClock();
    const journal = await journalAt({ clock, limits, openHandle: device.open, onProblem });
    device.fail = "ENOSPC";
    await journal.commit(note("first"));
    for (let number = 0; number < 1_000; number += 1) journal.append(note("x".repeat(100)));
    const dropped = journal.problem?.dropped ?? 0;
    expect(dropped).toBeGreaterThan(900);
    device.fail = undefined;
    await clock.advance(1_000);
    await journal.flush();
    const entries = await collect(journal.read());
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
    expect(entries.at(-1)).toMatchObject({ type: "journal-gap", data: { dropped } });
  });

  it("a disk that cannot be written is a real one: /dev/full", async () => {
    const problems: string[] = [];
    const journal = await journalAt({
      openHandle: () => open("/dev/full", "w"),
      onProblem: ({ code }) => problems.push(code),
    });
    await journal.commit(note(1));
    await journal.commit(note(2));
    await journal.close();
    expect(problems).toEqual(["ENOSPC"]);
  });

  it("a disk that cannot be written loses no line when only a part of a batch was written", async () => {
    let calls = 0;
    const openHandle = async (path: string): Promise<WritableHandle> => {
      const handle = await open(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
      const write = async (bytes: Buffer, offset: number, length: number, at: number) => {
        calls += 1;
        if (calls < 90 && calls % 3 === 0)
          throw Object.assign(new Error("full"), { code: "ENOSPC" });
        return handle.write(bytes, offset, Math.ceil(length / 2), at);
      };
      return {
        write,
        stat: () => handle.stat(),
        datasync: () => handle.datasync(),
        close: () => handle.close(),
      } as WritableHandle;
    };
    const limits = { retryMs: 1 };
    const journal = await journalAt({ openHandle, limits, onProblem: () => {} });
    for (let number = 1; number <= 50; number += 1) await journal.commit(note(number));
    for (let tries = 0; journal.problem && tries < 100; tries += 1) await journal.flush();
    await journal.flush();
    const numbers = dataOf(await collect(readJournal(file))).filter((x) => typeof x === "number");
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
  });
});

describe("a journal whose file is removed while its run goes on", () => {
  it("a journal whose file is removed while its run goes on says so, begins a new file, and enters the gap there", async () => {
    const problems: unknown[] = [];
    const journal = await journalAt({ onProblem: (problem) => problems.push(problem) });
    for (let number = 1; number <= 3; number += 1) await journal.commit(note(number));
    await rm(folder, { recursive: true });
    await journal.commit(note(4));
    await journal.commit(note(5));
    const gone = expect.objectContaining({ code: "removed", dropped: 3 });
    expect(problems).toEqual([gone]);
    expect(journal.problem).toEqual(gone);
    const entries = await collect(readJournal(file));
    expect(entries.map(({ seq, type }) => [seq, type])).toEqual([
      [3, "journal-gap"],
      [4, "note"],
      [5, "note"],
    ]);
    expect(dataOf(entries)).toEqual([gone, 4, 5]);
  });

  it("a journal whose file is removed while its run goes on is followed on into the new file, by who has read the old one to its end", async () => {
    const journal = await journalAt({ onProblem: () => {} });
    await journal.commit(note(1));
    const followed = collect(journal.follow(), 3);
    await journal.flush();
    await rm(file);
    await journal.commit(note(2));
    const [first, gap, last] = await followed;
    expect(first).toMatchObject({ data: 1 });
    expect(gap).toMatchObject({ type: "journal-gap" });
    expect(last).toMatchObject({ data: 2 });
  });

  it.each<[string, () => Promise<unknown>]>([
    ["a FIFO", () => execa("mkfifo", [file])],
    ["a link to another file", () => symlink(join(folder, "other"), file)],
    ["a directory", () => mkdir(file)],
    ["a file of somebody's", () => writeFile(file, "theirs\n".repeat(100))],
    ["nothing: it was moved", async () => {}],
  ])("a journal goes on in a new file when its place is taken by %s", async (_, replace) => {
    const journal = await journalAt({ onProblem: () => {} });
    await journal.commit(note(1));
    await rename(file, join(folder, "moved.jsonl"));
    await writeFile(join(folder, "other"), "other");
    await replace();
    await journal.commit(note(2));
    await journal.commit(note(3));
    expect(journal.problem).toMatchObject({ code: "removed", dropped: 1 });
    const entries = await collect(readJournal(file));
    expect(entries.map(({ seq, type }) => `${seq} ${type}`)).toEqual([
      "1 journal-gap",
      "2 note",
      "3 note",
    ]);
    expect(await readFile(join(folder, "other"), "utf8")).toBe("other");
  });

  it("a journal holds no thread of the program when a FIFO lies in its place", async () => {
    const journal = await journalAt({ onProblem: () => {} });
    await journal.commit(note(1));
    await rm(file);
    await execa("mkfifo", [file]);
    const reads = Array.from({ length: 8 }, () => collect(journal.read()).catch(() => []));
    await Promise.all(reads);
    expect(await readFile(join(folder, "x"), "utf8").catch(() => "none")).toBe("none");
  });

  it("a journal whose file is removed while its run goes on is read across the gap when older files of it are still there", async () => {
    const journal = await journalAt({ limits: { maxFileBytes: 2_000 }, onProblem: () => {} });
    for (let number = 1; number <= 50; number += 1) await journal.commit(note(number));
    await rm(file);
    for (let number = 51; number <= 60; number += 1) await journal.commit(note(number));
    const read = dataOf(await collect(journal.read()));
    expect(read[0]).toBe(1);
    expect(read.slice(-10)).toEqual([51, 52, 53, 54, 55, 56, 57, 58, 59, 60]);
    expect(read.filter((data) => typeof data !== "number")).toHaveLength(1);
  });
});

describe("a journal that has grown", () => {
  const limits = { maxFileBytes: 2_000, maxFiles: 4 };

  it("a journal that has grown goes on in a new file, and reads as one", async () => {
    const journal = await journalAt({ limits: { maxFileBytes: 2_000 } });
    for (let number = 1; number <= 100; number += 1) await journal.commit(note(number));
    expect((await readdir(folder)).length).toBeGreaterThan(4);
    expect(dataOf(await collect(journal.read()))).toEqual(
      Array.from({ length: 100 }, (_, at) => at + 1),
    );
    expect(dataOf(await collect(journal.read({ from: 97 })))).toEqual([97, 98, 99, 100]);
    await journal.close();
    expect((await journalAt()).lastSeq).toBe(100);
  });

  it("a journal that has grown loses nothing where there is no room for the new file", async () => {
    let opened = 0;
    const openHandle = async (path: string): Promise<WritableHandle> => {
      opened += 1;
      if (opened > 1 && opened < 5) throw Object.assign(new Error("full"), { code: "ENOSPC" });
      return await open(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
    };
    const problems: unknown[] = [];
    const onProblem = ({ code }: { readonly code: string }): unknown => problems.push(code);
    const clock = manualClock();
    const many = { ...limits, maxFiles: 100 };
    const journal = await journalAt({ clock, limits: many, openHandle, onProblem });
    for (let number = 1; number <= 100; number += 1) await journal.commit(note(number));
    for (let tries = 0; journal.problem && tries < 10; tries += 1) await clock.advance(1_000);
    await journal.close();
    expect(problems).toEqual(["ENOSPC"]);
    expect((await readdir(folder)).length).toBeGreaterThan(1);
    const entries = await collect(readJournal(file));
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, at) => at + 1));
    const numbers = dataOf(entries).filter((data) => typeof data === "number");
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
  });

  it("a journal that has grown removes the oldest file, and nothing else, when there are too many", async () => {
    const journal = await journalAt({ limits });
    for (let number = 1; number <= 100; number += 1) await journal.commit(note(number));
    expect(await readdir(folder)).toHaveLength(4);
    const entries = await collect(journal.read());
    expect(entries[0]?.seq).toBeGreaterThan(1);
    expect(entries.at(-1)?.data).toBe(100);
    expect(entries.map(({ seq }) => seq)).toEqual(
      entries.map((_, at) => (entries[0]?.seq ?? 0) + at),
    );
  });
});

describe("following a journal", () => {
  it("a follower of a journal reads what is there, then what comes, until it is closed", async () => {
    const journal = await journalAt();
    for (let number = 1; number <= 5; number += 1) journal.append(note(number));
    const followed = collect(journal.follow({ from: 4 }));
    for (let number = 6; number <= 200; number += 1) await journal.commit(note(number));
    journal.append(note(201));
    await journal.close();
    expect(dataOf(await followed)).toEqual(Array.from({ length: 198 }, (_, at) => at + 4));
  });

  it("a follower of a journal ends when the signal aborts", async () => {
    const journal = await journalAt();
    const stop = new AbortController();
    const followed = collect(journal.follow({ signal: stop.signal }));
    await journal.commit(note(1));
    const next = await collect(journal.follow({ signal: stop.signal }), 1);
    expect(dataOf(next)).toEqual([1]);
    stop.abort();
    expect(dataOf(await followed)).toEqual([1]);
  });

  it("a follower of a journal goes on across files that are put aside and removed meanwhile", async () => {
    const journal = await journalAt({ limits: { maxFileBytes: 1_000 } });
    const followed = collect(journal.follow());
    for (let number = 1; number <= 300; number += 1) await journal.commit(note(number));
    await journal.close();
    expect(dataOf(await followed)).toEqual(Array.from({ length: 300 }, (_, at) => at + 1));
  });

  it("a follower of a journal works from outside, by polling, while the file grows", async () => {
    const journal = await journalAt({ limits: { maxFileBytes: 3_000 } });
    let ended = false;
    const more = async (): Promise<boolean> => {
      if (ended) return false;
      await new Promise((resolve) => setImmediate(resolve));
      ended = journal.lastSeq >= 400 && (await journal.flush()) === undefined;
      return true;
    };
    const followed = collect(followJournal(file, { more }));
    for (let number = 1; number <= 400; number += 1) {
      if (number % 10 === 0) await journal.commit(note(number));
      else journal.append(note(number));
    }
    expect(dataOf(await followed)).toEqual(Array.from({ length: 400 }, (_, at) => at + 1));
  });
});
