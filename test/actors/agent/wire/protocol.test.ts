import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BadFrameError,
  frameText,
  maxFrameBytes,
  parseFromAgent,
  parseToAgent,
} from "../../../../src/actors/agent/wire/protocol.ts";
import { fromAgentSamples, hello, toAgentSamples } from "./frame-samples.ts";

describe("the parser at the door", () => {
  it.each(fromAgentSamples)(
    "the parser at the door reads back what an agent wrote: $type",
    (frame) => {
      expect(parseFromAgent(frameText(frame))).toEqual(frame);
    },
  );

  it.each(toAgentSamples)(
    "the parser at the door reads back what the runtime wrote: $type",
    (frame) => {
      expect(parseToAgent(frameText(frame))).toEqual(frame);
    },
  );

  it("the parser at the door leaves out fields that it does not know", () => {
    expect(parseFromAgent('{"type":"accepted","id":"m1","later":{"a":1}}')).toEqual({
      type: "accepted",
      id: "m1",
    });
  });

  it.each([
    ["", "not JSON"],
    ["[]", "unknown type"],
    ["null", "unknown type"],
    ['{"type":"toString"}', "unknown type"],
    ['{"type":"welcome","protocol":1}', "unknown type"],
    [`{"type":"${"x".repeat(5_000)}"}`, "unknown type"],
    ['{"type":"accepted"}', "id is not a string"],
    ['{"type":"accepted","id":""}', "id is not a string"],
    [`{"type":"accepted","id":"${"i".repeat(1_025)}"}`, "id is not a string"],
    ['{"type":"call","id":"c","tool":"t"}', "args is not there"],
    ['{"type":"call","id":"c","tool":"t","args":{"__proto__":{"x":1}}}', "__proto__"],
    ['{"type":"call","id":"c","tool":"t","args":[{"constructor":1}]}', "constructor"],
    ['{"type":"call","id":"c","tool":"t","args":{"prototype":1}}', "prototype"],
    ['{"type":"event","event":{"type":"hello"}}', "unknown type"],
    ['{"type":"pong","id":-1}', "id is not a whole number"],
    ['{"type":"pong","id":1.5}', "id is not a whole number"],
    ['{"type":"tools-active","names":"finish"}', "names is not a list"],
    ['{"type":"tools-active","names":[1]}', "names[0] is not a string"],
    [JSON.stringify({ ...hello(), capabilities: {} }), "capabilities.liveTools"],
    [JSON.stringify({ ...hello(), session: { id: 1 } }), "session.id"],
  ])("the parser at the door refuses %.60s", (text, reason) => {
    expect(() => parseFromAgent(text)).toThrow(BadFrameError);
    expect(() => parseFromAgent(text)).toThrow(reason);
  });

  it("the parser at the door refuses what is nested deeper than 64, however deep", () => {
    for (const depth of [70, 100_000]) {
      const args = `${"[".repeat(depth)}${"]".repeat(depth)}`;
      const text = `{"type":"call","id":"c","tool":"t","args":${args}}`;
      expect(() => parseFromAgent(text)).toThrow("nested deeper than 64");
    }
  });

  it("the parser at the door refuses more than 1 MiB, counted in bytes", () => {
    const fits = frameText({ type: "refused", id: "m", reason: "x".repeat(1_000_000) });
    expect(parseFromAgent(fits).type).toBe("refused");
    const wide = JSON.stringify({ type: "refused", id: "m", reason: "ü".repeat(600_000) });
    expect(wide.length).toBeLessThan(maxFrameBytes);
    expect(() => parseFromAgent(wide)).toThrow("over 1048576 bytes");
    expect(() => frameText({ type: "refused", id: "m", reason: "ü".repeat(600_000) })).toThrow(
      BadFrameError,
    );
  });
});

describe("20,000 generated frames", () => {
  const samples = [...fromAgentSamples, ...toAgentSamples];
  const mutated = fc
    .tuple(fc.constantFrom(...samples), fc.string({ unit: "binary" }), fc.jsonValue())
    .chain(([frame, key, value]) =>
      fc.constantFrom(
        JSON.stringify({ ...frame, [key]: value }),
        JSON.stringify(Object.fromEntries(Object.keys(frame).map((name) => [name, value]))),
        JSON.stringify({ ...frame, id: value, args: value, event: value, names: value }),
        JSON.stringify(frame).slice(0, key.length),
        JSON.stringify(frame).replace('"', key),
      ),
    );

  it("20,000 generated frames are each read or refused with a BadFrameError, and nothing else happens", () => {
    const before = Object.getOwnPropertyNames(Object.prototype).sort();
    const anyText = fc.oneof(mutated, fc.json(), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(anyText, fc.constantFrom(parseFromAgent, parseToAgent), (text, parse) => {
        try {
          return typeof parse(text).type === "string";
        } catch (error) {
          return error instanceof BadFrameError;
        }
      }),
      { numRuns: 20_000 },
    );
    expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(before);
  });
});
