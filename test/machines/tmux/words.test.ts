import { describe, expect, it } from "vitest";
import { LocalMachine } from "../../../src/machines/local/local.ts";
import { assertSocketPath } from "../../../src/machines/shell.ts";
import { createTmux } from "../../../src/machines/tmux/tmux.ts";
import { appendLine, assertName, formatPath, literal } from "../../../src/machines/tmux/words.ts";

describe("Words for tmux", () => {
  it.each(["a", "worker-1", "A_b", "_x", "0".repeat(64)])(
    "words for tmux take the name %s",
    (name) => {
      expect(assertName("a session", name)).toBe(name);
    },
  );

  it.each([
    "",
    "-a",
    "a.b",
    "a:b",
    "=a",
    "a b",
    "#(x)",
    "a;",
    "é",
    "$1",
    "%1",
    "x".repeat(65),
    "a\n",
  ])("words for tmux refuse the name %j", (name) => {
    expect(() => assertName("a session", name)).toThrow(
      expect.objectContaining({ code: "invalid-name" }),
    );
  });

  it("double each # of a path", () => {
    expect(formatPath("/a#b/##c/#{d}")).toBe("/a##b/####c/##{d}");
  });

  it.each(["/tmp/#(touch x)", "/a##(b", "/a#[b", "/a\0b"])(
    "words for tmux refuse the path %j",
    (path) => {
      expect(() => formatPath(path)).toThrow(expect.objectContaining({ code: "unsafe-word" }));
    },
  );

  it("words for tmux keep a pipe's path from the shell, from formats and from times", () => {
    expect(appendLine("/l/100%H it's #1")).toContain("; f='/l/100%%H it'\\''s ##1'; ");
  });

  it("words for tmux keep a last ; from ending the command", () => {
    expect(["a;", ";", "a\\;", "a;b", "a"].map(literal)).toEqual([
      "a\\;",
      "\\;",
      "a\\\\;",
      "a;b",
      "a",
    ]);
  });

  it("words for tmux take a socket path of 107 bytes and refuse one more, by its bytes", () => {
    expect(() => assertSocketPath(`/${"x".repeat(106)}`)).not.toThrow();
    expect(() => assertSocketPath(`/${"é".repeat(53)}x`)).toThrow(/RAMURE_HOME/);
    const machine = new LocalMachine({ workDir: "/tmp", env: {} });
    const long = `/tmp/${"x".repeat(110)}/s`;
    expect(() => createTmux(machine, { socket: long, configPath: "/tmp/c" })).toThrow(long);
  });

  it("words for tmux refuse a socket or configuration that tmux would run", () => {
    const machine = new LocalMachine({ workDir: "/tmp", env: {} });
    for (const options of [
      { socket: "/tmp/#(x)/s", configPath: "/tmp/c" },
      { socket: "/tmp/s", configPath: "/tmp/#(x)" },
    ]) {
      expect(() => createTmux(machine, options)).toThrow(
        expect.objectContaining({ code: "unsafe-word" }),
      );
    }
  });
});
