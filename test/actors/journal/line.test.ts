import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createRedaction } from "../../../src/actors/data/redaction.ts";
import {
  decodeLine,
  encodeLine,
  type JournalRecord,
  lineSeq,
} from "../../../src/actors/journal/line.ts";

const line = (record: Partial<JournalRecord>, options = {}): string =>
  encodeLine({ type: "t", path: "/a", ...record }, { seq: 1, at: 5, maxBytes: 4_096, ...options });

const there = (text: string): Buffer => Buffer.from(text.slice(0, -1));

const dataOf = (data: unknown): unknown => decodeLine(there(line({ data })))?.data;

function circle(): unknown {
  const value: Record<string, unknown> = {};
  value.self = value;
  return value;
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = { value };
  return value;
}

const hostile: readonly (readonly [what: string, data: unknown])[] = [
  ["a function", () => 1],
  ["a symbol", Symbol("s")],
  ["a circle", circle()],
  ["ten thousand levels", nested(10_000)],
  ["an own __proto__", JSON.parse('{"__proto__":{"polluted":true}}')],
  [
    "a getter that throws",
    {
      get trap() {
        throw new Error("no");
      },
    },
  ],
  [
    "a proxy that throws",
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("no");
        },
      },
    ),
  ],
  [
    "a toJSON that throws",
    {
      toJSON: () => {
        throw new Error("no");
      },
    },
  ],
  ["a toJSON that gives nothing", { toJSON: () => undefined }],
  ["a promise", Promise.resolve(1)],
  ["a broken surrogate", "\ud800"],
  ["newlines", "a\nb\r\u2028c"],
  ["a date that is none", new Date(Number.NaN)],
];

describe("a line of the journal", () => {
  it("a line of the journal is one JSON object whose last member is the checksum of the rest", () => {
    const text = line({ epoch: 2, source: "b/c", data: { x: 1 } });
    expect(text).toMatch(
      /^\{"v":1,"seq":1,"at":5,"type":"t","path":"\/a","epoch":2,"source":"b\/c","data":\{"x":1\},"crc":"[0-9a-f]{8}"\}\n$/,
    );
    const body = text.slice(0, text.indexOf(',"crc"'));
    expect(JSON.parse(text).crc).toBe(crc32(body).toString(16).padStart(8, "0"));
  });

  it("a line of the journal reads back what was written", () => {
    const record = { type: "done", path: "/main/pool", epoch: 3, source: "t0001", data: [1, "ü"] };
    expect(decodeLine(there(line(record)))).toEqual({ seq: 1, at: 5, ...record });
  });

  it("a line of the journal brings dates, maps, bytes and errors back", () => {
    const data = { at: new Date(7), map: new Map([["a", 1n]]), bytes: Uint8Array.of(1, 2) };
    expect(dataOf(data)).toEqual(data);
    expect(dataOf({ error: new TypeError("no") })).toMatchObject({ error: { message: "no" } });
    expect(dataOf({ gone: undefined, no: Number.NaN })).toEqual({
      gone: undefined,
      no: Number.NaN,
    });
  });

  it.each(hostile)("a line of the journal is written whatever it is given: %s", (_, data) => {
    const text = line({ data });
    expect(text.indexOf("\n")).toBe(text.length - 1);
    expect(lineSeq(there(text))).toBe(1);
    expect(decodeLine(there(text))).toMatchObject({ seq: 1, type: "t", path: "/a" });
    expect(Object.prototype).not.toHaveProperty("polluted");
  });

  it("a line of the journal says how large data was that is too large for a line", () => {
    const text = line({ data: "x".repeat(5_000) });
    expect(text.length).toBeLessThan(4_096);
    expect(JSON.parse(text).data).toEqual({
      unserialisable: "5010 bytes, more than a line of the journal holds",
    });
  });

  it("a line of the journal has no seq when a byte is wrong", () => {
    const good = there(line({ data: "hello" }));
    for (let index = 0; index < good.length; index += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const bad = Buffer.from(good);
        bad[index] = (bad[index] ?? 0) ^ (1 << bit);
        expect(lineSeq(bad)).toBeUndefined();
      }
    }
  });
});

describe("a secret", () => {
  const secret = 'sk-"quoted"\n-0123456789';
  const redaction = createRedaction([secret]);
  const written = (data: unknown): string => line({ data }, { redaction });
  const part = "0123456789";

  it.each([
    ["a text", `key ${secret} end`],
    ["a list in a record", { env: [{ KEY: secret }] }],
    ["a key", { [secret]: 1 }],
    ["a map", new Map([[secret, new Set([secret])]])],
    ["an error", Object.assign(new Error(`bad ${secret}`), { token: secret })],
    ["a cause", new Error("outer", { cause: new Error(secret) })],
    ["a URL", new URL("http://h/?q=0123456789abc")],
  ])("a secret is not written when it is in %s", (_, data) => {
    const short = createRedaction([secret, "0123456789abc"]);
    expect(line({ data }, { redaction: short })).not.toContain(part);
  });

  it("a secret leaves the rest as it is", () => {
    expect(JSON.parse(written({ a: [`x${secret}y`, 5] })).data).toEqual({ a: ["x[redacted]y", 5] });
  });

  it("a secret is looked for only when it is long enough to hide something", () => {
    expect(createRedaction(["a"]).text("banana")).toBe("banana");
  });

  it("a secret is looked for from the moment it is known", () => {
    const later = createRedaction();
    expect(later.text("hunter22")).toBe("hunter22");
    later.add("hunter22");
    expect(later.text("hunter22")).toBe("[redacted]");
  });

  it("a secret is found as one of thousands of tokens, also inside a longer word", () => {
    const tokens = Array.from({ length: 4_000 }, (_, index) =>
      `${index}`.padStart(4, "0").padEnd(40, "a"),
    );
    const many = createRedaction(tokens);
    expect(many.text(`Bearer ${tokens[3_711]}.`)).toBe("Bearer [redacted].");
    expect(many.text(`zz${tokens[1]}${tokens[2]}9`)).toBe("zz[redacted][redacted]9");
    expect(many.text("b".repeat(90))).toBe("b".repeat(90));
  });
});
