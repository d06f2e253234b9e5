import { PassThrough } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { startWatch } from "../../../src/machines/local/index.ts";
import type { Pipe } from "../../../src/machines/piped/index.ts";
import { type RawResult, startPipedRun } from "../../../src/machines/piped/run.ts";

const request = { nonce: "n0", words: ["true"], cwd: "/", env: {} };
const told = "n0;out\nn0:0:";

/** A way that has closed, whose last words have not been read yet. */
function closedPipe(): Pipe & { readonly output: PassThrough; readonly errors: PassThrough } {
  return {
    input: new PassThrough(),
    output: new PassThrough(),
    errors: new PassThrough(),
    closed: Promise.resolve("ssh ended with exit code 0"),
    close: () => {},
    unref: () => {},
  };
}

function keepBusyForMs(ms: number): void {
  const watch = startWatch();
  while (watch() < ms);
}

describe("A command whose way closes", () => {
  it("a command whose way closes has its exit code when this program was too busy to read it before the way closed", async () => {
    const pipe = closedPipe();
    const run = startPipedRun(pipe, { request, maxOutputBytes: 100 });
    await nextTurn();
    setImmediate(() => {
      pipe.output.write(told);
      pipe.errors.write("n0;n0:0:");
    });
    keepBusyForMs(400);
    const { end, stdout } = await run.result;
    expect(end).toEqual({ type: "exited", code: 0 } satisfies RawResult["end"]);
    expect(stdout.toString()).toBe("out\n");
  });

  it("a command whose way closes has its exit code when its output is read slowly", async () => {
    const pipe = closedPipe();
    const run = startPipedRun(pipe, { request, maxOutputBytes: 100, stream: true });
    pipe.output.write(`n0;${"x".repeat(100_000)}`);
    pipe.output.end("n0:0:");
    pipe.errors.end("n0;n0:0:");
    for (let round = 0; round < 3; round += 1) {
      await nextTurn();
      keepBusyForMs(300);
    }
    let read = 0;
    run.output.on("data", (chunk: Buffer) => {
      read += chunk.length;
    });
    expect((await run.result).end).toEqual({ type: "exited", code: 0 });
    expect(read).toBe(100_000);
  });

  it("a command whose way closes is lost when its exit code never comes", async () => {
    const run = startPipedRun(closedPipe(), { request, maxOutputBytes: 100 });
    await expect(run.result).rejects.toThrow("ssh ended with exit code 0");
  });
});
