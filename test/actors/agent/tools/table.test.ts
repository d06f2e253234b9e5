import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  createToolTable,
  type ToolTable,
  type ToolTableOptions,
} from "../../../../src/actors/agent/tools/table.ts";
import { defineTool, type Tool, type ToolCall } from "../../../../src/actors/agent/tools/tool.ts";
import { manualClock } from "../../../../src/actors/manual-clock.ts";

function world(options: Partial<ToolTableOptions> = {}) {
  const clock = manualClock();
  let changes = 0;
  const table = createToolTable({
    clock,
    path: "/run/worker",
    onChange: () => {
      changes += 1;
    },
    ...options,
  });
  return { clock, table, changes: () => changes };
}

function tool(name: string, handler: (args: unknown, call: ToolCall) => unknown): Tool {
  return defineTool(name, { description: name, input: z.looseObject({}) }, handler);
}

function call(table: ToolTable, name: string, { id = "c1", args = {}, session = "s" } = {}) {
  return table.run({ session, id, tool: name, args }, () => {});
}

const forever = () => new Promise<never>(() => {});

describe("a table of tools", () => {
  it("a table of tools tells the model of each tool until it is withdrawn", () => {
    const { table, changes } = world();
    const withdraw = table.add(defineTool("finish", { description: "Ends it." }, () => {}));
    table.add(tool("other", () => {}));
    expect(table.descriptions.map(({ name }) => name)).toEqual(["finish", "other"]);
    expect(table.descriptions[0]).toEqual({
      name: "finish",
      description: "Ends it.",
      parameters: { type: "object", properties: {}, additionalProperties: false },
    });
    withdraw();
    withdraw();
    expect(table.descriptions.map(({ name }) => name)).toEqual(["other"]);
    expect(changes()).toBe(3);
  });

  it("a table of tools refuses a name that is taken, until it is free again", () => {
    const { table } = world();
    const withdraw = table.add(tool("finish", () => {}));
    expect(() => table.add(tool("finish", () => {}))).toThrow(
      expect.objectContaining({ code: "tool-exists" }),
    );
    withdraw();
    const again = table.add(tool("finish", () => {}));
    withdraw();
    expect(table.descriptions).toHaveLength(1);
    again();
  });

  it.each(["", "1st", "-x", "a b", "a.b", "x".repeat(65)])(
    "a table of tools refuses the name %j",
    (name) => {
      expect(() => defineTool(name, { description: "" }, () => {})).toThrow(
        expect.objectContaining({ code: "invalid-tool" }),
      );
    },
  );
});

describe("a call", () => {
  it("a call gives the handler what the schema made, and the model the text of its result", async () => {
    const { table } = world();
    const input = z.object({ a: z.number(), b: z.number().default(2) });
    table.add(defineTool("add", { description: "", input }, ({ a, b }) => ({ sum: a + b })));
    const answer = await call(table, "add", { args: { a: 1 } }).result;
    expect(answer).toEqual({ text: '{\n  "sum": 3\n}' });
  });

  it("a call tells the model which arguments are wrong, and runs no handler", async () => {
    const { table } = world();
    let runs = 0;
    const input = z.object({ a: z.number() });
    table.add(
      defineTool("add", { description: "", input }, () => {
        runs += 1;
      }),
    );
    const { error } = await call(table, "add", { args: { a: "x" } }).result;
    expect(error).toMatch(/^The tool add cannot take this input:\na: /);
    expect(runs).toBe(0);
  });

  it("a call tells the model what the handler threw", async () => {
    const { table } = world();
    table.add(
      tool("fail", () => {
        throw new Error("no luck");
      }),
    );
    expect(await call(table, "fail").result).toEqual({ error: "no luck" });
  });

  it("a call tells the model which tools there are when it calls another", async () => {
    const { table } = world();
    table.add(tool("finish", () => {}));
    expect(await call(table, "finsih").result).toEqual({
      error: "There is no tool finsih; the tools are: finish.",
    });
  });

  it("a call runs once for one id, also when it is repeated after the answer", async () => {
    const { table } = world();
    let runs = 0;
    table.add(tool("count", () => ++runs));
    const first = call(table, "count");
    expect(call(table, "count")).toBe(first);
    await first.result;
    expect(await call(table, "count").result).toEqual({ text: "1" });
    expect(call(table, "count").answer).toEqual({ text: "1" });
  });

  it("a call runs again for the same id with other arguments or in another session", async () => {
    const { table } = world();
    let runs = 0;
    table.add(tool("count", () => ++runs));
    await call(table, "count").result;
    expect(await call(table, "count", { args: { a: 1 } }).result).toEqual({ text: "2" });
    expect(await call(table, "count", { session: "other" }).result).toEqual({ text: "3" });
  });

  it("a call runs beside other calls", async () => {
    const { table } = world();
    let release: (value: string) => void = () => {};
    table.add(
      tool("wait", () => {
        return new Promise<string>((resolve) => {
          release = resolve;
        });
      }),
    );
    table.add(tool("go", () => release("gone")));
    const waits = call(table, "wait", { id: "w" });
    await Promise.resolve();
    expect(table.running.map(({ id }) => id)).toEqual(["w"]);
    await call(table, "go", { id: "g" }).result;
    expect(await waits.result).toEqual({ text: "gone" });
    expect(table.running).toEqual([]);
  });

  it("a call is aborted after 120 s, and the model reads so", async () => {
    const { table, clock } = world();
    let signal: AbortSignal | undefined;
    table.add(
      tool("wait", (_, call) => {
        signal = call.signal;
        return forever();
      }),
    );
    const waits = call(table, "wait");
    await clock.advance(119_999);
    expect(signal?.aborted).toBe(false);
    await clock.advance(1);
    expect(signal?.aborted).toBe(true);
    expect((await waits.result).error).toMatch(/did not answer within 120000 ms/);
  });

  it("a call has no limit when timeoutMs is 0, and leaves no timer when it is done", async () => {
    const { table, clock } = world();
    table.add(defineTool("wait", { description: "", timeoutMs: 0 }, forever));
    table.add(defineTool("go", { description: "" }, () => "ok"));
    const waits = call(table, "wait");
    await call(table, "go", { id: "g" }).result;
    await clock.advance(10 * 86_400_000);
    expect(waits.answer).toBeUndefined();
  });

  it("a call ends with an error when it is cancelled, and its late result is dropped", async () => {
    const { table } = world();
    let release: (value: string) => void = () => {};
    let reason: unknown;
    table.add(
      tool("wait", (_, { signal }) => {
        signal.addEventListener("abort", () => {
          reason = signal.reason;
        });
        return new Promise<string>((resolve) => {
          release = resolve;
        });
      }),
    );
    const waits = call(table, "wait");
    await Promise.resolve();
    await new Promise(setImmediate);
    table.cancel("c1");
    release("late");
    expect(await waits.result).toEqual({ error: "The call was cancelled." });
    expect(reason).toBeInstanceOf(Error);
  });

  it("a call ends with an error when its tool is withdrawn", async () => {
    const { table } = world();
    const withdraw = table.add(tool("wait", forever));
    const waits = call(table, "wait");
    withdraw();
    expect((await waits.result).error).toContain("what provided it has ended");
  });

  it("a call ends when the agent has ended, and later ones are refused", async () => {
    const { table } = world();
    table.add(tool("wait", forever));
    const waits = call(table, "wait");
    table.end("The agent has ended.");
    expect(await waits.result).toEqual({ error: "The agent has ended." });
    expect(await call(table, "wait", { id: "c2" }).result).toEqual({
      error: "The agent has ended.",
    });
  });

  it("a call is answered when its result is kept for good, not before", async () => {
    let kept = () => {};
    const results: unknown[] = [];
    const { table } = world({
      persist: (call, result) => {
        results.push([call.id, call.tool, result]);
        return new Promise((resolve) => {
          kept = resolve;
        });
      },
    });
    table.add(tool("give", () => "it"));
    let answer: unknown;
    const answered = call(table, "give").result.then((result) => {
      answer = result;
    });
    await new Promise(setImmediate);
    expect(results).toEqual([["c1", "give", { text: "it" }]]);
    expect(answer).toBeUndefined();
    kept();
    await answered;
    expect(answer).toEqual({ text: "it" });
  });

  it("a call is answered with an error when its result could not be kept", async () => {
    const { table } = world({ persist: () => Promise.reject(new Error("disk full")) });
    table.add(tool("give", () => "it"));
    expect(await call(table, "give").result).toEqual({
      error: "give ran, but its result was lost: disk full",
    });
  });

  it("a call shows progress until it has its answer", async () => {
    const { table } = world();
    const shown: string[] = [];
    let late: (text: string) => void = () => {};
    table.add(
      tool("work", (_, call) => {
        call.progress("half");
        late = call.progress;
      }),
    );
    const request = { session: "s", id: "c1", tool: "work", args: {} };
    await table.run(request, (text) => shown.push(text)).result;
    late("too late");
    expect(shown).toEqual(["half"]);
  });

  it("a call is forgotten when many later ones were answered, but never while it runs", async () => {
    const { table } = world({ maxAnswered: 2 });
    let runs = 0;
    table.add(tool("count", () => ++runs));
    table.add(tool("wait", forever));
    const waits = call(table, "wait", { id: "w" });
    for (const id of ["1", "2", "3"]) await call(table, "count", { id }).result;
    expect(call(table, "wait", { id: "w" })).toBe(waits);
    expect(await call(table, "count", { id: "3" }).result).toEqual({ text: "3" });
    expect(await call(table, "count", { id: "1" }).result).toEqual({ text: "4" });
  });

  it("a call is forgotten when later ones hold too many bytes, the oldest first", async () => {
    const { table } = world({ maxAnsweredBytes: 2_500 });
    let runs = 0;
    table.add(tool("count", () => ++runs));
    const args = { text: "x".repeat(1_000) };
    for (const id of ["1", "2", "3"]) await call(table, "count", { id, args }).result;
    expect(await call(table, "count", { id: "3", args }).result).toEqual({ text: "3" });
    expect(await call(table, "count", { id: "2", args }).result).toEqual({ text: "2" });
    expect(await call(table, "count", { id: "1", args }).result).toEqual({ text: "4" });
  });
});
