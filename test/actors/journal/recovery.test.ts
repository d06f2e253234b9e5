import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/actors/clock.ts";
import { JournalCorruptError } from "../../../src/actors/journal/errors.ts";
import { openJournal } from "../../../src/actors/journal/journal.ts";
import { encodeLine } from "../../../src/actors/journal/line.ts";
import { readJournal } from "../../../src/actors/journal/reader.ts";
import { recoverJournal } from "../../../src/actors/journal/recovery.ts";
import { scanLines } from "../../../src/actors/journal/scan.ts";

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ramure-journal-"));
  file = join(folder, "runtime.jsonl");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** A journal of `count` lines, each with `size` characters of data. */
function journalOf(count: number, size: number, first = 1): Buffer {
  const lines = Array.from({ length: count }, (_, index) =>
    encodeLine(
      { type: "note", path: "/main", data: "x".repeat(size + (index % 7)) },
      { seq: first + index, at: 1_790_000_000_000 + index, maxBytes: 1_000_000 },
    ),
  );
  return Buffer.from(lines.join(""));
}

/** Where each line ends. */
function endsOf(bytes: Buffer): readonly number[] {
  const ends: number[] = [];
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) ends.push(at + 1);
  return ends;
}

/** Numbers from 0 up to, not including, `below`: the same ones for the same seed. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe("what counts of a journal", () => {
  it("the valid part of a journal is the longest valid prefix, wherever a file of 64 KB is cut", async () => {
    const whole = journalOf(17, 3_900).subarray(0, 65_536);
    const ends = endsOf(whole);
    let complete = 0;
    for (let cut = 0; cut <= whole.length; cut += 1) {
      if (ends[complete] === cut) complete += 1;
      const scan = await scanLines([whole.subarray(0, cut)]);
      const validBytes = ends[complete - 1] ?? 0;
      const expected = {
        firstSeq: complete === 0 ? 0 : 1,
        lastSeq: complete,
        validBytes,
        tornBytes: cut - validBytes,
      };
      if (JSON.stringify(scan) !== JSON.stringify(expected))
        expect({ cut, scan }).toEqual(expected);
    }
    expect(complete).toBe(16);
  });

  it("the valid part of a journal is never a line with a flipped bit: of 20,000 flips none goes unseen", async () => {
    const whole = journalOf(24, 200);
    const ends = endsOf(whole);
    const random = seeded(20_260_922);
    let unseen = 0;
    for (let flip = 0; flip < 20_000; flip += 1) {
      const bytes = Buffer.from(whole);
      const at = random(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      const line = ends.findIndex((end) => at < end);
      const scan = await scanLines([bytes]);
      const seen =
        "why" in scan ? scan.line === line + 1 : scan.lastSeq <= line && scan.tornBytes > 0;
      if (!seen) unseen += 1;
    }
    expect(unseen).toBe(0);
  });

  it("the valid part of a journal does not depend on how the file is cut into chunks", async () => {
    const whole = journalOf(20, 100);
    const random = seeded(7);
    const chunks: Buffer[] = [];
    for (let at = 0; at < whole.length; ) {
      const next = at + 1 + random(300);
      chunks.push(whole.subarray(at, next));
      at = next;
    }
    expect(await scanLines(chunks)).toEqual(await scanLines([whole]));
  });

  it("the valid part of a journal survives zeros at the end, as a power cut leaves them", async () => {
    const good = journalOf(3, 50);
    const scan = await scanLines([good, Buffer.alloc(4_096)]);
    expect(scan).toMatchObject({ lastSeq: 3, validBytes: good.length, tornBytes: 4_096 });
  });

  it.each([
    ["a line that is missing", (lines: string[]) => lines.splice(1, 1)],
    ["a line that is there twice", (lines: string[]) => lines.splice(1, 0, lines[1] ?? "")],
    [
      "two lines that changed places",
      (lines: string[]) => lines.splice(0, 2, lines[1] ?? "", lines[0] ?? ""),
    ],
    ["a bad line with good ones after it", (lines: string[]) => lines.splice(1, 1, "not a line")],
    ["a line of another version", (lines: string[]) => lines.splice(3, 1, lineOfVersion2)],
  ])(
    "the valid part of a journal is not reported as torn when it is damaged: %s",
    async (_, damage) => {
      const lines = journalOf(5, 20).toString().trimEnd().split("\n");
      damage(lines);
      expect(await scanLines([Buffer.from(`${lines.join("\n")}\n`)])).toHaveProperty("why");
    },
  );
});

const lineOfVersion2 = '{"v":2,"seq":4,"new":true,"crc":"282debca"}';

describe("opening a journal", () => {
  it("opening a journal cuts a torn tail and keeps the rest", async () => {
    const good = journalOf(3, 50);
    await writeFile(file, Buffer.concat([good, journalOf(1, 50, 4).subarray(0, 30)]));
    expect(await recoverJournal(file)).toEqual({
      lastSeq: 3,
      firstSeq: 1,
      size: good.length,
      cutBytes: 30,
    });
    expect((await stat(file)).size).toBe(good.length);
  });

  it("opening a journal goes on after the last whole line, wherever it was cut, and all of it reads back", async () => {
    const whole = journalOf(17, 3_900).subarray(0, 65_536);
    const random = seeded(64);
    const edges = endsOf(whole).flatMap((end) => [end - 1, end, end + 1]);
    const cuts = [0, ...edges, ...Array.from({ length: 50 }, () => random(whole.length))];
    for (const cut of cuts) {
      await writeFile(file, whole.subarray(0, cut));
      const kept = endsOf(whole.subarray(0, cut)).length;
      const journal = await openJournal({ file, clock: systemClock });
      await journal.commit({ type: "after", path: "/main" });
      await journal.close();
      const types: string[] = [];
      for await (const { type } of readJournal(file)) types.push(type);
      expect(types.filter((type) => type === "note")).toHaveLength(kept);
      expect(types.at(-1)).toBe("after");
      await rm(file);
    }
  });

  it("opening a journal finds nothing where there is nothing", async () => {
    expect(await recoverJournal(file)).toEqual({ lastSeq: 0, firstSeq: 0, size: 0, cutBytes: 0 });
  });

  it("opening a journal copies a damaged file aside, leaves it alone, and says where the damage is", async () => {
    const bytes = journalOf(5, 50);
    bytes[200] = 0;
    await writeFile(file, bytes);
    const failure = await recoverJournal(file).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(JournalCorruptError);
    expect(failure).toMatchObject({ code: "journal-corrupt", damage: { line: 2 } });
    expect(String(failure)).toContain(`${file}.corrupt-1`);
    expect(await readFile(file)).toEqual(bytes);
    expect(await readFile(`${file}.corrupt-1`)).toEqual(bytes);
    await recoverJournal(file).catch(() => {});
    expect(await readdir(folder)).toEqual([
      "runtime.jsonl",
      "runtime.jsonl.corrupt-1",
      "runtime.jsonl.corrupt-2",
    ]);
  });

  it("opening a journal goes on after what was put aside when the newest file is empty or missing", async () => {
    await writeFile(join(folder, "runtime.000000000001.jsonl"), journalOf(4, 20));
    expect((await recoverJournal(file)).lastSeq).toBe(4);
    await writeFile(file, "");
    expect((await recoverJournal(file)).lastSeq).toBe(4);
  });
});

describe("reading a damaged journal", () => {
  it("reading a damaged journal gives what stands before the damage, then throws", async () => {
    const bytes = journalOf(5, 50);
    bytes[bytes.indexOf(10, bytes.indexOf(10) + 1) + 20] = 0;
    await writeFile(file, bytes);
    const seen: number[] = [];
    const reading = async (): Promise<void> => {
      for await (const { seq } of readJournal(file)) seen.push(seq);
    };
    await expect(reading()).rejects.toThrow(JournalCorruptError);
    expect(seen).toEqual([1, 2]);
  });

  it("reading a damaged journal takes a torn last line for no entry", async () => {
    await writeFile(file, journalOf(3, 50).subarray(0, -1));
    const seen: number[] = [];
    for await (const { seq } of readJournal(file)) seen.push(seq);
    expect(seen).toEqual([1, 2]);
  });

  it("reading a damaged journal throws when a file in the middle is missing", async () => {
    await writeFile(join(folder, "runtime.000000000001.jsonl"), journalOf(2, 20));
    await writeFile(join(folder, "runtime.000000000005.jsonl"), journalOf(2, 20, 5));
    await writeFile(file, journalOf(2, 20, 7));
    const reading = async (): Promise<void> => {
      for await (const _ of readJournal(file)) void _;
    };
    await expect(reading()).rejects.toThrow("does not follow entry 2");
  });

  it("reading a damaged journal says that there is no such file", async () => {
    await expect(readJournal(file).next()).rejects.toMatchObject({ code: "ENOENT" });
  });
});
