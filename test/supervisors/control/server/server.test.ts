import { once } from "node:events";
import { chmod, mkdir, rm, stat } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NoProcError } from "../../../../src/actors/kernel/errors.ts";
import { manualClock } from "../../../../src/actors/manual-clock.ts";
import { maxLineBytes } from "../../../../src/supervisors/control/lines.ts";
import {
  type ControlServer,
  type ControlServerOptions,
  openControlServer,
} from "../../../../src/supervisors/control/server/server.ts";
import { type FakeActs, fakeRun, node, temporaryHome } from "../../../fixtures/fake-run.ts";
import { RawClient } from "../../../fixtures/raw-client.ts";

let home: string;
let socket: string;
let server: ControlServer | undefined;
let clients: RawClient[];
let remove: () => Promise<void>;

beforeEach(async () => {
  ({ home, remove } = await temporaryHome());
  socket = join(home, "run.sock");
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.close();
  await server?.close();
  server = undefined;
  await remove();
});

const snapshot = {
  run: { id: "r1", program: "p.ts", pid: 7, startedAt: 1_000, logDir: "/logs/r1" },
  nodes: [
    node("/main", "process", "running"),
    node("/main/box", "machine", "ready"),
    node("/main/author", "agent", "idle"),
    node("/main/pool", "process", "running"),
  ],
  connections: [{ from: "/main/author", to: "/main/pool" }],
  endpoints: [{ path: "/main", name: "add", parameters: { type: "object" } }],
};

async function serve(
  acts: Partial<FakeActs> = {},
  options: Partial<ControlServerOptions> = {},
): Promise<void> {
  server = await openControlServer({ socket, run: fakeRun(snapshot, acts), ...options });
}

async function client(): Promise<RawClient> {
  const opened = await RawClient.open(socket);
  clients.push(opened);
  return opened;
}

async function served(
  acts: Partial<FakeActs> = {},
  options: Partial<ControlServerOptions> = {},
): Promise<RawClient> {
  await serve(acts, options);
  return await client();
}

/** A client that does not close its side when the server has. */
async function stubbornClient(path: string): Promise<Socket> {
  const stubborn = connect({ path, allowHalfOpen: true });
  stubborn.on("error", () => {});
  await once(stubborn, "connect");
  return stubborn;
}

/** A handler that waits for its signal, and what it saw. */
function waitingCall() {
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  let end: (reason: unknown) => void = () => {};
  const aborted = new Promise<unknown>((resolve) => {
    end = resolve;
  });
  const call: FakeActs["call"] = (_, signal) => {
    begin();
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        end(signal.reason);
        reject(signal.reason);
      });
    });
  };
  return { call, begun, aborted };
}

describe("a control server", () => {
  it("a control server gives the status, with the time it was taken at", async () => {
    const { result } = await (await served({}, { clock: manualClock() })).answer("run.status");
    expect(result).toMatchObject({
      schema: 1,
      run: snapshot.run,
      connections: snapshot.connections,
    });
    expect(result).toHaveProperty("nodes.length", 4);
    expect(result).toHaveProperty("at", expect.any(Number));
    expect(result).not.toHaveProperty("next");
  });

  it("a control server gives the status of one subtree", async () => {
    const { result } = await (await served()).answer("run.status", { to: "pool" });
    expect(result).toMatchObject({ nodes: [{ path: "/main/pool" }], endpoints: [] });
  });

  it("a control server hands on a message under the whole path, parsed where a person typed it for a process", async () => {
    const sent: unknown[] = [];
    const raw = await served({
      send: async (request) => {
        sent.push(request);
        return { id: "m7" };
      },
    });
    const message = { json: '{"add":1}' };
    expect((await raw.answer("message.send", { to: "pool", message, typed: true })).result).toEqual(
      {
        path: "/main/pool",
        id: "m7",
      },
    );
    await raw.answer("message.send", { to: "pool", message: { json: "hello" }, typed: true });
    await raw.answer("message.send", { to: "author", message, typed: true });
    expect(sent).toEqual([
      { path: "/main/pool", kind: "process", message: { add: 1 } },
      { path: "/main/pool", kind: "process", message: "hello" },
      { path: "/main/author", kind: "agent", message: '{"add":1}' },
    ]);
  });

  it("a control server takes only text for an agent", async () => {
    const raw = await served();
    const { error } = await raw.answer("message.send", { to: "author", message: { json: 1 } });
    expect(error).toMatchObject({ code: -32_602, data: { reason: "bad-request" } });
  });

  it("a control server gives what a terminal runs to get in", async () => {
    const raw = await served();
    const attach = await raw.answer("agent.attach", { to: "author", readOnly: true });
    expect(attach.result).toEqual({ path: "/main/author", argv: ["printf", "attached"] });
    const shell = await raw.answer("machine.shell", { command: ["ls", "-l"] });
    expect(shell.result).toEqual({ path: "/main/box", argv: ["ls", "-l"] });
    const refused = await raw.answer("agent.attach", { to: "box", readOnly: false });
    expect(refused.error?.data.reason).toBe("wrong-state");
  });

  it("a control server calls an endpoint of the first process, or of the one that is named", async () => {
    const raw = await served({ call: async ({ path, args }) => ({ path, args }) });
    expect((await raw.answer("endpoint.call", { endpoint: "add" })).result).toEqual({
      path: "/main",
      value: { json: { path: "/main", args: {} } },
    });
    const named = await raw.answer("endpoint.call", {
      to: "pool",
      endpoint: "x",
      args: { json: 5 },
    });
    expect(named.result).toHaveProperty("value.json", { path: "/main/pool", args: 5 });
  });

  it("a control server carries values that JSON cannot, both ways", async () => {
    const got: unknown[] = [];
    const raw = await served({
      call: async ({ args }) => {
        got.push(args);
        return new Map([["at", new Date(5)]]);
      },
    });
    const args = { json: ["1970-01-01T00:00:00.000Z"], meta: { values: { "0": ["Date"] }, v: 1 } };
    const { result } = await raw.answer("endpoint.call", { endpoint: "add", args });
    expect(got).toEqual([[new Date(0)]]);
    expect(result).toHaveProperty("value.meta.values.0", "map");
  });

  it("a control server names the endpoints there are when the one asked for is not", async () => {
    const raw = await served({
      call: async () => {
        throw new Error("no such endpoint");
      },
    });
    const { error } = await raw.answer("endpoint.call", { endpoint: "ad" });
    expect(error).toMatchObject({
      message: '/main has no endpoint "ad".',
      data: { reason: "not-found", near: ["add"], why: "It exposes add." },
    });
    const failed = await raw.answer("endpoint.call", { endpoint: "add" });
    expect(failed.error).toMatchObject({ message: "no such endpoint", data: { reason: "failed" } });
  });

  it("a control server names the process that has the endpoint when another one was asked", async () => {
    const raw = await served({
      call: async () => {
        throw new Error("no such endpoint");
      },
    });
    const { error } = await raw.answer("endpoint.call", { to: "pool", endpoint: "add" });
    expect(error).toMatchObject({
      message: '/main/pool has no endpoint "add".',
      data: { reason: "not-found", near: ["/main:add"], why: "It exposes none." },
    });
  });

  it("a control server turns what handlers throw into reasons", async () => {
    const raw = await served({
      send: async () => {
        throw new NoProcError("/main/pool");
      },
      stop: () => {
        throw "a string";
      },
    });
    const gone = await raw.answer("message.send", { to: "pool", message: { json: 1 } });
    expect(gone.error?.data.reason).toBe("not-found");
    const odd = await raw.answer("run.stop");
    expect(odd.error).toMatchObject({ message: "a string", data: { reason: "failed" } });
  });

  it("a control server says that a value is too large instead of sending it", async () => {
    const raw = await served({ call: async () => "x".repeat(maxLineBytes) });
    const { error } = await raw.answer("endpoint.call", { endpoint: "add" });
    expect(error?.message).toContain("is over the 1048576 that fit");
  });

  it("a control server streams events until there are no more, and then answers", async () => {
    const raw = await served({
      async *events() {
        const other = { at: 5, path: "/main/author", epoch: 1, type: "done" };
        yield { ...other, seq: 1 };
        const event = { at: 5, path: "/main/pool/t1", epoch: 1, type: "done" };
        yield { ...event, seq: 2, type: "begun" };
        yield { ...event, seq: 3, data: new Date(0) };
        yield { ...event, seq: 4, source: "/main/pool/t1/worker" };
        yield { ...event, seq: 5, data: new Date(0) };
        const loop: Record<string, unknown> = {
          get bad() {
            throw new Error("bad");
          },
        };
        yield { ...event, seq: 6, data: loop };
      },
    });
    const id = raw.ask("events.follow", { to: "pool", types: ["done"] });
    const lines = [await raw.next(), await raw.next(), await raw.next(), await raw.next()];
    expect(lines.map((line) => line?.method ?? line?.id)).toEqual(["event", "event", "event", id]);
    expect(lines[0]?.params?.item).toMatchObject({ seq: 3, data: { meta: { values: ["Date"] } } });
    expect(lines[2]?.params?.item).toHaveProperty("data.json", expect.stringContaining("bad"));
  });

  it("a control server streams the tree: what there is, then what changes below the node asked for", async () => {
    const raw = await served({
      async *watch() {
        yield { type: "snapshot", snapshot };
        yield { type: "changed", node: node("/main/author", "agent", "working") };
        yield { type: "changed", node: node("/main/pool/t1", "process", "starting") };
        yield { type: "removed", path: "/main/pool/t1" };
      },
    });
    raw.ask("tree.watch", { to: "pool" });
    const items = [await raw.next(), await raw.next(), await raw.next()].map(
      (line) => line?.params?.item,
    );
    expect(items).toMatchObject([
      { reset: true, nodes: [{ path: "/main/pool" }], removed: [] },
      { nodes: [{ path: "/main/pool/t1", state: "starting" }], removed: [] },
      { nodes: [], removed: ["/main/pool/t1"] },
    ]);
    expect(await raw.next()).toMatchObject({ result: {} });
  });

  it("a control server ends a stream that its client cancels, and aborts its handler", async () => {
    const { call, begun, aborted } = waitingCall();
    const raw = await served({ call });
    const id = raw.ask("endpoint.call", { endpoint: "add" });
    await begun;
    raw.notify("cancel", { id });
    expect(await raw.next()).toMatchObject({
      id,
      error: { message: expect.stringContaining("cancelled") },
    });
    expect(await aborted).toMatchObject({ reason: "failed" });
  });

  it("a control server aborts what a client had open when it is gone", async () => {
    const { call, begun, aborted } = waitingCall();
    const raw = await served({ call });
    raw.ask("endpoint.call", { endpoint: "add" });
    await begun;
    raw.close();
    expect(await aborted).toMatchObject({ reason: "unreachable" });
  });

  it("a control server answers requests side by side: a slow one holds up nobody", async () => {
    const { call } = waitingCall();
    const raw = await served({ call });
    raw.ask("endpoint.call", { endpoint: "add" });
    expect(await raw.answer("run.stop")).toHaveProperty("result");
  });
});

describe("a control server's door", () => {
  it.each<[string, string, number, string | null]>([
    ["no JSON", "garbage", -32_700, null],
    ["a number", "17", -32_600, null],
    ["a list", "[]", -32_600, null],
    ["no version", '{"id":"a","method":"run.status"}', -32_600, "a"],
    ["no method", '{"jsonrpc":"2.0","id":"a"}', -32_600, "a"],
    ["an id that is none", '{"jsonrpc":"2.0","id":{},"method":"run.stop"}', -32_600, null],
    ["an unknown method", '{"jsonrpc":"2.0","id":"a","method":"toString"}', -32_601, "a"],
    [
      "params that are no object",
      '{"jsonrpc":"2.0","id":"a","method":"run.stop","params":3}',
      -32_602,
      "a",
    ],
    [
      "a parameter of another type",
      '{"jsonrpc":"2.0","id":"a","method":"run.stop","params":{"kill":1}}',
      -32_602,
      "a",
    ],
    [
      "__proto__",
      '{"jsonrpc":"2.0","id":"a","method":"run.stop","params":{"x":[{"__proto__":1}]}}',
      -32_600,
      "a",
    ],
    [
      "deep nesting",
      `{"jsonrpc":"2.0","id":"a","method":"run.stop","params":{"x":${"[".repeat(9_000)}${"]".repeat(9_000)}}}`,
      -32_600,
      "a",
    ],
    [
      "meta of no sense",
      '{"jsonrpc":"2.0","id":"a","method":"message.send","params":{"to":"pool","message":{"json":1,"meta":{"values":["nope"]}}}}',
      -32_602,
      "a",
    ],
  ])("a control server's door refuses %s, and goes on", async (_, line, code, id) => {
    const raw = await served();
    raw.write(`${line}\n`);
    expect(await raw.next()).toMatchObject({ id, error: { code } });
    expect(await raw.answer("run.stop")).toHaveProperty("result");
  });

  it("a control server's door refuses a line over 1 MiB, ends that connection, and serves the others", async () => {
    const raw = await served();
    const other = await client();
    raw.write("x".repeat(maxLineBytes + 1));
    expect(await raw.next()).toMatchObject({ id: null, error: { code: -32_600 } });
    expect(await raw.next()).toBeUndefined();
    expect(await other.answer("run.stop")).toHaveProperty("result");
  });

  it("a control server's door takes a line of just under 1 MiB, in many pieces", async () => {
    const raw = await served({
      send: async ({ message }) => ({ id: String(String(message).length) }),
    });
    const text = "é".repeat(500_000);
    const line = Buffer.from(
      `${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "message.send", params: { to: "pool", message: { json: text } } })}\n`,
    );
    for (let start = 0; start < line.length; start += 65_537)
      raw.write(line.subarray(start, start + 65_537));
    expect((await raw.next())?.result).toMatchObject({ id: "500000" });
  });

  it("a control server's door lives through garbage", async () => {
    const raw = await served();
    let seed = 7;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed;
    };
    for (let line = 0; line < 300; line += 1) {
      const bytes = Buffer.from(Array.from({ length: random() % 200 }, () => random() % 256));
      raw.write(Buffer.concat([bytes, Buffer.from("\n")]));
    }
    expect(await raw.answer("run.stop")).toHaveProperty("result");
  });

  it("a control server's door ignores empty lines and notifications", async () => {
    const raw = await served();
    raw.write("\n  \n\r\n");
    raw.notify("run.stop", {});
    raw.notify("cancel", { id: 99 });
    expect(await raw.answer("run.status")).toHaveProperty("result");
  });

  it("a control server's door refuses an id that is open, and more open requests than it allows", async () => {
    const raw = await served({ call: waitingCall().call }, { limits: { requests: 2 } });
    const first = raw.ask("endpoint.call", { endpoint: "add" });
    raw.write(`{"jsonrpc":"2.0","id":${first},"method":"run.stop"}\n`);
    expect(await raw.next()).toMatchObject({ id: first, error: { code: -32_600 } });
    raw.ask("endpoint.call", { endpoint: "add" });
    expect((await raw.answer("run.stop")).error?.data.reason).toBe("busy");
  });

  it("a control server's door refuses one client too many", async () => {
    const { call, begun } = waitingCall();
    (await served({ call }, { limits: { connections: 1 } })).ask("endpoint.call", {
      endpoint: "x",
    });
    await begun;
    const second = await client();
    expect(await second.next()).toMatchObject({ id: null, error: { data: { reason: "busy" } } });
    expect(await second.next()).toBeUndefined();
  });

  it("a control server's door cuts off who was refused and does not hang up, and gives the place to others at once", async () => {
    const clock = manualClock();
    await serve({}, { clock, limits: { connections: 4, closeMs: 1_000 } });
    const deaf = await Promise.all(Array.from({ length: 4 }, () => stubbornClient(socket)));
    for (const one of deaf) one.write("x".repeat(maxLineBytes + 1));
    await Promise.all(deaf.map((one) => once(one, "data")));
    expect(await (await client()).answer("run.stop")).toHaveProperty("result");
    const gone = Promise.all(
      deaf.map((one) => new Promise<void>((resolve) => one.once("close", () => resolve()))),
    );
    await clock.advance(1_001);
    // Who keeps its side open only notices by what it writes.
    for (const one of deaf) one.write("more");
    await gone;
  });

  it("a control server's door ends the client that was idle longest for one that finds no place", async () => {
    const clock = manualClock();
    const first = await served({}, { clock, limits: { connections: 2 } });
    await first.answer("run.status");
    await clock.advance(10);
    const second = await client();
    await second.answer("run.status");
    expect(await (await client()).answer("run.stop")).toHaveProperty("result");
    expect(await first.next()).toBeUndefined();
    expect(await second.answer("run.status")).toHaveProperty("result");
  });

  it("a control server's door lets one client have many streams, without a warning on the program's stderr", async () => {
    const warnings: string[] = [];
    const warned = ({ message }: Error) => void warnings.push(message);
    process.on("warning", warned);
    const data = "x".repeat(10_000);
    const raw = await served({
      async *events(_, signal) {
        for (let seq = 1; !signal.aborted; seq += 1)
          yield { seq, at: 0, path: "/main", epoch: 1, type: "x", data };
      },
    });
    raw.socket.pause();
    for (let stream = 0; stream < 32; stream += 1) raw.ask("events.follow", { follow: true });
    const other = await client();
    await other.answer("run.status");
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", warned);
    expect(warnings).toEqual([]);
  });

  it("a control server's door ends a client that asks for nothing, but none that waits", async () => {
    const clock = manualClock();
    const { call, begun } = waitingCall();
    const idle = await served({ call }, { clock, limits: { idleMs: 1_000 } });
    const waiting = await client();
    waiting.ask("endpoint.call", { endpoint: "add" });
    await begun;
    expect(await idle.answer("run.stop")).toHaveProperty("result");
    await clock.advance(1_001);
    expect(await idle.next()).toBeUndefined();
    expect(await waiting.answer("run.stop")).toHaveProperty("result");
  });

  it("a control server's door holds little for a client that does not read, and cuts it off", async () => {
    const clock = manualClock();
    let taken = 0;
    const raw = await served(
      {
        async *events() {
          for (; ; taken += 1) {
            yield {
              seq: taken,
              at: 0,
              path: "/main",
              epoch: 1,
              type: "x",
              data: "x".repeat(10_000),
            };
          }
        },
      },
      { clock, limits: { stalledMs: 1_000 } },
    );
    raw.socket.pause();
    raw.ask("events.follow", { follow: true });
    await stands(() => taken);
    expect(taken).toBeLessThan(200);
    const closed = once(raw.socket, "close");
    await clock.advance(1_001);
    raw.socket.resume();
    await closed;
  });
});

describe("a stream that never waits", () => {
  it("a stream that never waits ends with its client, and starves nobody", async () => {
    let ended = () => {};
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const raw = await served({
      async *events() {
        try {
          for (;;) yield { seq: 1, at: 0, path: "/main", epoch: 1, type: "x" };
        } finally {
          ended();
        }
      },
    });
    raw.ask("events.follow", { follow: true });
    await raw.next();
    raw.close();
    await end;
    expect(await (await client()).answer("run.stop")).toHaveProperty("result");
  });
});

/** Wait until a count has stopped to grow. */
async function stands(count: () => number): Promise<void> {
  for (let last = -1; last !== count() || last === 0; ) {
    last = count();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("a control server that closes", () => {
  it("a control server that closes answers what is open with shutting-down, ends its clients and removes its socket", async () => {
    const { call, begun } = waitingCall();
    const raw = await served({ call });
    const idle = await client();
    const id = raw.ask("endpoint.call", { endpoint: "add" });
    await begun;
    await server?.close();
    expect(await raw.next()).toMatchObject({ id, error: { data: { reason: "shutting-down" } } });
    expect(await raw.next()).toBeUndefined();
    expect(await idle.next()).toBeUndefined();
    await expect(stat(socket)).rejects.toThrow("ENOENT");
  });

  it("a control server that closes does not wait for a handler that ignores its signal", async () => {
    const raw = await served({ call: () => new Promise(() => {}) });
    raw.ask("endpoint.call", { endpoint: "add" });
    await raw.answer("run.stop");
    await server?.close();
    expect(await raw.next()).toMatchObject({ error: { data: { reason: "shutting-down" } } });
  });

  it("a control server that closes does not wait long for a client that does not read", async () => {
    const clock = manualClock();
    const raw = await served(
      { call: async () => "x".repeat(1_000_000) },
      { clock, limits: { closeMs: 1_000 } },
    );
    raw.socket.pause();
    for (let count = 0; count < 4; count += 1) raw.ask("endpoint.call", { endpoint: "add" });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const closed = server?.close();
    await clock.advance(1_001);
    await closed;
  });

  it("a control server that closes closes twice", async () => {
    await serve();
    await server?.close();
    await server?.close();
  });
});

describe("a control server's socket", () => {
  it("a control server's socket is opened again when its file was deleted, and its clients stay", async () => {
    const clock = manualClock();
    const noted: string[] = [];
    const append = ({ type }: { readonly type: string }) => void noted.push(type);
    let looks = 0;
    const keep = async () => {
      looks += 1;
    };
    const before = await served({ append }, { clock, keep, limits: { lookMs: 1_000 } });
    await before.answer("run.status");
    await rm(socket);
    await expect(RawClient.open(socket)).rejects.toMatchObject({ code: "ENOENT" });
    await clock.advance(1_001);
    await expect.poll(() => stat(socket).catch(() => undefined)).toBeDefined();
    expect(await (await client()).answer("run.status")).toHaveProperty("result");
    expect(await before.answer("run.status")).toHaveProperty("result");
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
    expect(noted).toEqual(["control-socket-lost"]);
    await clock.advance(1_001);
    expect(noted).toHaveLength(1);
    await expect.poll(() => looks).toBe(2);
  });

  it("a control server's socket is this user's alone from birth, whatever the umask, which stays as it was", async () => {
    const mask = process.umask(0);
    await serve();
    expect(process.umask(mask)).toBe(0);
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
  });

  it.runIf(process.getuid?.() === 0)(
    "a control server's socket cannot be opened by another user, even where its folder can",
    async () => {
      await serve();
      await chmod(home, 0o755);
      const script = `require("net").connect(${JSON.stringify(socket)}).on("error", (e) => { console.log(e.code); }).on("connect", () => { console.log("in"); process.exit(); })`;
      const { stdout } = await execa(
        "setpriv",
        ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, "-e", script],
        { cwd: "/" },
      );
      expect(stdout).toBe("EACCES");
    },
  );

  it("a control server's socket lies in no folder that others can enter", async () => {
    const open = join(home, "open");
    await mkdir(open);
    await chmod(open, 0o777);
    socket = join(open, "run.sock");
    await expect(serve()).rejects.toThrow(`${open} is open to other users (mode 0777)`);
    expect((await stat(open)).mode & 0o777).toBe(0o777);
  });

  it("a control server's socket is refused where another one listens", async () => {
    await serve();
    const again = openControlServer({ socket, run: fakeRun(snapshot) });
    await expect(again).rejects.toMatchObject({ code: "home" });
    expect(await (await client()).answer("run.stop")).toHaveProperty("result");
  });

  it("a control server's socket has a path that the system can hold", async () => {
    const long = join(home, "x".repeat(120));
    const refused = openControlServer({ socket: long, run: fakeRun(snapshot) });
    await expect(refused).rejects.toMatchObject({ code: "socket-path-too-long" });
  });
});

describe("a status of many nodes", () => {
  const nodes = Array.from({ length: 1_300 }, (_, index) =>
    node(`/main/t${index}`, "process", "running"),
  );

  it("a status of many nodes comes in pages that are parts of one moment", async () => {
    let now = { ...snapshot, nodes };
    const raw = await served({ status: async () => now });
    const paths: string[] = [];
    for (let cursor: unknown; ; ) {
      const { result } = await raw.answer("run.status", cursor === undefined ? {} : { cursor });
      now = { ...snapshot, nodes: [] };
      const page = result as { nodes: { path: string }[]; next?: string };
      expect(page.nodes.length).toBeLessThanOrEqual(500);
      paths.push(...page.nodes.map(({ path }) => path));
      cursor = page.next;
      if (cursor === undefined) break;
    }
    expect(paths).toEqual(nodes.map(({ path }) => path));
  });

  it("a status of many nodes is no longer given when another one was asked for", async () => {
    const raw = await served({ status: async () => ({ ...snapshot, nodes }) });
    const first = await raw.answer("run.status");
    await raw.answer("run.status");
    const { next: cursor } = first.result as { next: string };
    expect((await raw.answer("run.status", { cursor })).error?.data.reason).toBe("bad-request");
    expect((await raw.answer("run.status", { cursor: "x" })).error?.data.reason).toBe(
      "bad-request",
    );
  });

  it("a status of many nodes never has a page that is too big for a line; a node that is loses its facts", async () => {
    const fat = Array.from({ length: 40 }, (_, index) =>
      node(`/main/f${index}`, "process", "running", { facts: { text: "x".repeat(60_000) } }),
    );
    const huge = node("/main/huge", "agent", "idle", { facts: { text: "x".repeat(2_000_000) } });
    const raw = await served({ status: async () => ({ ...snapshot, nodes: [...fat, huge] }) });
    const { result } = await raw.answer("run.status");
    expect(result).toHaveProperty("next");
    const below = await raw.answer("run.status", { to: "huge" });
    expect(below.result).toMatchObject({ nodes: [{ path: "/main/huge" }] });
    expect(below.result).not.toHaveProperty("nodes.0.facts");
  });
});
