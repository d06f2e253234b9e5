import { describe, expect, it, vi } from "vitest";
import { noise } from "../../../scripts/noise.ts";
import { createRedaction } from "../../../src/actors/data/index.ts";

const random = noise(7);
const letters = "0123456789abcdefghijklmnopqrstuvwxyz";

function word(length: number, of = letters): string {
  return Array.from({ length }, () => of[random.below(of.length)]).join("");
}

describe("redaction", () => {
  it("finds secrets and tokens anywhere, also side by side and inside longer words", () => {
    const token = word(40);
    const redaction = createRedaction(["p4ssword"]);
    redaction.add(token);
    const text = `${token}${token}x${token}p4sswordp4sswordp4sswor${token.slice(1)}`;
    const mark = "[redacted]";
    const rest = `p4sswor${token.slice(1)}`;
    expect(redaction.text(text)).toBe(`${mark}${mark}x${mark}${mark}${mark}${rest}`);
  });

  it("takes the longer one of two that begin alike", () => {
    expect(createRedaction(["secret", "secret-2"]).text("secret-2 secret")).toBe(
      "[redacted] [redacted]",
    );
  });

  it("hides what a search for each secret would hide, in any text", () => {
    for (let round = 0; round < 300; round += 1) {
      const secrets = [word(6, "abc"), word(7, "abc日")];
      const text = word(400, "abc日");
      const hidden = createRedaction(secrets).text(text);
      for (const secret of secrets) expect(hidden).not.toContain(secret);
      const places = secrets.flatMap((secret) => (text.includes(secret) ? [secret] : []));
      if (places.length === 0) expect(hidden).toBe(text);
    }
  });

  it("looks a text up hardly ever, whatever it consists of", () => {
    const redaction = createRedaction();
    const tokens = Array.from({ length: 100 }, () => word(40));
    for (const token of tokens) redaction.add(token);
    const looked = [
      vi.spyOn(Set.prototype, "has"),
      vi.spyOn(Map.prototype, "get"),
      vi.spyOn(String.prototype, "slice"),
      vi.spyOn(String.prototype, "startsWith"),
    ];
    const texts = [word(100_000, "0123456789abcdef"), `${word(39)} `.repeat(2_500)];
    for (const text of texts) redaction.text(text);
    const lookups = looked.reduce((total, spy) => total + spy.mock.calls.length, 0);
    vi.restoreAllMocks();
    expect(lookups).toBeLessThan(5_000);
  });

  it("forgets the oldest of very many tokens, so that they take no more and more memory", () => {
    const tokens = Array.from({ length: 4_100 }, () => word(40));
    const redaction = createRedaction(["p4ssword"]);
    for (const token of tokens) redaction.add(token);
    const hidden = tokens.filter((token) => redaction.text(token) === "[redacted]");
    expect(hidden).toEqual(tokens.slice(4));
    expect(redaction.text("p4ssword")).toBe("[redacted]");
  });
});
