import { chmod, mkdir, mkdtemp, rm, stat, symlink } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openBridge } from "../../../../src/actors/agent/bridge/bridge.ts";
import { UnsafeSocketError } from "../../../../src/actors/agent/errors.ts";
import type { ToAgent } from "../../../../src/actors/agent/wire/protocol.ts";
import { SocketPathTooLongError } from "../../../../src/machines/errors.ts";
import { hello } from "../wire/frame-samples.ts";
import { bridgeWorld, Caller, Ears, Heard } from "./bridge-world.ts";

const pass = { token: "secret", path: "/run/writer", epoch: 1 };

describe("who comes in by the socket", () => {
  it("a client of the socket is welcomed with the right token, and heard", async () => {
    await using world = await bridgeWorld();
    const ears = new Ears();
    world.bridge.admit(pass, ears);
    const caller = world.call();
    await caller.send(hello());
    const { link } = await ears.opens.first();
    link.send({ type: "send", id: "m1", text: "hi", deliver: "steer" });
    await caller.frames.first((frame) => frame.type === "send");
    expect(caller.frames.items.map((frame) => frame.type)).toEqual(["welcome", "send"]);
    await caller.send({ type: "accepted", id: "m1" });
    expect(await ears.frames.first()).toEqual({ type: "accepted", id: "m1" });
  });

  it.each([
    ["a wrong token", hello({ token: "guess" }), 4401],
    ["an unknown path", hello({ path: "/other" }), 4401],
    ["an old epoch", hello({ epoch: 0 }), 4409],
    ["another protocol", hello({ protocol: 99 }), 4400],
    ["no hello first", { type: "accepted", id: "m" } as const, 4400],
    ["what is not JSON", "{", 4422],
    ["a key that pollutes", '{"type":"call","id":"c","tool":"t","args":{"__proto__":1}}', 4422],
  ])("a client of the socket is refused with %s", async (_title, frame, code) => {
    await using world = await bridgeWorld();
    const ears = new Ears();
    world.bridge.admit(pass, ears);
    const caller = world.call();
    await caller.send(frame);
    expect(await caller.closes.first()).toBe(code);
    expect(world.log.items).toEqual([expect.objectContaining({ type: "link-refused", code })]);
    expect(ears.opens.items).toEqual([]);
  });

  it("a client of the socket is refused when no hello came in 5 s", async () => {
    await using world = await bridgeWorld();
    const caller = world.call();
    await new Promise((resolve) => caller.socket.once("open", resolve));
    await world.clock.advance(5_000);
    expect(await caller.closes.first()).toBe(4400);
  });

  it("a client of the socket takes the place of its older link", async () => {
    await using world = await bridgeWorld();
    const ears = new Ears();
    world.bridge.admit(pass, ears);
    const [older, newer] = [world.call(), world.call()];
    await older.send(hello());
    const first = await ears.opens.first();
    await newer.send(hello({ pid: 43 }));
    expect(await older.closes.first()).toBe(4410);
    expect(ears.closes.items).toEqual([{ link: first.link, code: 4410 }]);
    await newer.send({ type: "durable", id: "m" });
    await ears.frames.first();
    expect(newer.closes.items).toEqual([]);
  });

  it("a client of the socket is shut out when its pass ends or a newer epoch is admitted", async () => {
    await using world = await bridgeWorld();
    const ears = new Ears();
    const leave = world.bridge.admit(pass, ears);
    const first = world.call();
    await first.send(hello());
    await ears.opens.first();
    world.bridge.admit({ ...pass, epoch: 2 }, ears);
    expect(await first.closes.first()).toBe(4409);
    leave();
    const second = world.call();
    await second.send(hello({ epoch: 2 }));
    await ears.opens.first(({ hello }) => hello.epoch === 2);
    const late = world.call();
    await late.send(hello());
    expect(await late.closes.first()).toBe(4409);
  });

  it("a client of the socket loses its link over a malformed frame, and the reason is told", async () => {
    await using world = await bridgeWorld();
    const ears = new Ears();
    world.bridge.admit(pass, ears);
    const caller = world.call();
    await caller.send(hello());
    await ears.opens.first();
    await caller.send('{"type":"pong","id":"x"}');
    expect(await caller.closes.first()).toBe(4422);
    expect(await world.log.first()).toEqual({
      type: "link-broken",
      code: 4422,
      reason: "id is not a whole number",
      path: "/run/writer",
    });
    expect(ears.closes.items).toHaveLength(1);
  });

  it("a client of the socket is cut off when it answers no ping", async () => {
    await using world = await bridgeWorld();
    const ears = new Ears();
    world.bridge.admit(pass, ears);
    const caller = world.call();
    await caller.send(hello());
    await ears.opens.first();
    caller.socket.pause();
    for (let round = 0; round < 3; round++) await world.clock.advance(15_000);
    expect(await ears.closes.first()).toMatchObject({ code: 1006 });
    caller.socket.terminate();
  });

  it("a client of the socket is cut off when it reads nothing and 4 MiB wait for it", async () => {
    await using world = await bridgeWorld();
    const ears = new Ears();
    world.bridge.admit(pass, ears);
    const caller = world.call();
    await caller.send(hello());
    const { link } = await ears.opens.first();
    caller.socket.pause();
    const text = "x".repeat(1_000_000);
    for (let round = 0; round < 8; round++) link.send({ type: "progress", id: "c", text });
    expect(await ears.closes.first()).toMatchObject({ code: 1013 });
    caller.socket.terminate();
  });

  it("a client of the socket hears as refused or failed what is too big to be sent", async () => {
    await using world = await bridgeWorld();
    const ears = new Ears();
    world.bridge.admit(pass, ears);
    const caller = world.call();
    await caller.send(hello());
    const { link } = await ears.opens.first();
    const text = "x".repeat(1_100_000);
    link.send({ type: "send", id: "m1", text, deliver: "follow-up" });
    expect(await ears.frames.first()).toMatchObject({ type: "refused", id: "m1" });
    link.send({ type: "result", id: "c1", text });
    const result = await caller.frames.first((frame) => frame.type === "result");
    expect(result).toMatchObject({ id: "c1", error: expect.stringContaining("1048576") });
  });
});

describe("the socket", () => {
  it("the socket is 0600 in a 0700 directory and gone after close", async () => {
    const world = await bridgeWorld();
    expect((await stat(world.bridge.socket)).mode & 0o777).toBe(0o600);
    await world.bridge.close();
    await expect(stat(world.bridge.socket)).rejects.toThrow("ENOENT");
    await world.bridge.close();
    await rm(world.directory, { recursive: true });
  });

  it("the socket is refused where others could reach it, or where the system would cut its path", async () => {
    const root = await mkdtemp(join(tmpdir(), "rb-"));
    await mkdir(join(root, "open"));
    await chmod(join(root, "open"), 0o755);
    await symlink(root, join(root, "link"));
    const open = (socket: string) => openBridge({ socket });
    await expect(open(join(root, "open", "s"))).rejects.toThrow(UnsafeSocketError);
    await expect(open(join(root, "link", "s"))).rejects.toThrow("symbolic link");
    await expect(open(join(root, "x".repeat(120)))).rejects.toThrow(SocketPathTooLongError);
    await expect(open("relative.sock")).rejects.toThrow("not absolute");
    await rm(root, { recursive: true });
  });
});

describe("a link without a socket", () => {
  it("a link without a socket passes the very same checks", async () => {
    await using world = await bridgeWorld();
    const ears = new Ears();
    world.bridge.admit(pass, ears);
    const frames = new Heard<ToAgent>();
    const closes = new Heard<number>();
    const open = () =>
      world.bridge.connect(
        (frame) => frames.push(frame),
        (code) => closes.push(code),
      );
    const link = open();
    link.send(hello());
    const opened = await ears.opens.first();
    expect(await frames.first()).toEqual({ type: "welcome", protocol: 1 });
    opened.link.send({ type: "interrupt" });
    await frames.first((frame) => frame.type === "interrupt");
    link.send({ type: "refused", id: "", reason: "bad id" });
    expect(await closes.first()).toBe(4422);
    open().send(hello({ token: "guess" }));
    expect(await closes.first((code) => code !== 4422)).toBe(4401);
  });

  it("a link without a socket is closed by either side, and each hears of it once", async () => {
    await using world = await bridgeWorld();
    const ears = new Ears();
    const leave = world.bridge.admit(pass, ears);
    const closes = new Heard<number>();
    const open = () => {
      const link = world.bridge.connect(
        () => {},
        (code) => closes.push(code),
      );
      link.send(hello());
      return link;
    };
    const first = open();
    await ears.opens.first();
    first.close();
    expect(await ears.closes.first()).toMatchObject({ code: 1000 });
    open();
    await world.clock.settle();
    leave();
    expect(await closes.first()).toBe(4411);
    expect(ears.closes.items).toHaveLength(2);
  });
});

describe("on TCP", () => {
  const tcp = { host: "127.0.0.1", port: 0 };
  const refusedWith = async (caller: Caller): Promise<number> =>
    new Promise((resolve) =>
      caller.socket.once("unexpected-response", (_request, response) => {
        resolve(response.statusCode ?? 0);
        caller.socket.terminate();
      }),
    );

  it("the door on TCP takes who names the exact host, is no web page and has a token", async () => {
    await using world = await bridgeWorld({ tcp });
    const ears = new Ears();
    world.bridge.admit(pass, ears);
    const url = world.bridge.url ?? "";
    expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/$/);
    const authorization = "Bearer secret";
    expect(await refusedWith(new Caller(url))).toBe(401);
    const wrong = { authorization: "Bearer guess" };
    expect(await refusedWith(new Caller(url, { headers: wrong }))).toBe(401);
    const page = { authorization, origin: "http://evil.example" };
    expect(await refusedWith(new Caller(url, { headers: page }))).toBe(403);
    const other = { authorization, host: "evil.example" };
    expect(await refusedWith(new Caller(url, { headers: other }))).toBe(421);
    const good = new Caller(url, { headers: { authorization } });
    await good.send(hello());
    await ears.opens.first();
  });
});

describe("a door whose socket file is deleted", () => {
  it("a door whose socket file is deleted is opened again within seconds, and keeps the links that are open", async () => {
    await using world = await bridgeWorld();
    const [ears, later] = [new Ears(), new Ears()];
    world.bridge.admit(pass, ears);
    const first = world.call();
    await first.send(hello());
    const { link } = await ears.opens.first();
    await rm(world.bridge.socket);
    await world.clock.advance(15_000);
    expect((await world.log.first(({ type }) => type === "door-lost")).reason).toBe(
      `${world.bridge.socket} was deleted; it is opened again`,
    );
    await world.bridge.keepOpen?.();
    const other = { ...pass, token: "other", path: "/run/other" };
    world.bridge.admit(other, later);
    await world.call().send(hello({ token: other.token, path: other.path }));
    await later.opens.first();
    expect((await stat(world.bridge.socket)).mode & 0o777).toBe(0o600);
    link.send({ type: "ping", id: 1 });
    await first.frames.first(({ type }) => type === "ping");
  });
});

/** A head without an end, and what does not even begin. */
const half = ["", "GET / HTTP/1.1\r\nHost: x\r\n"];

const upgradeHead =
  "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

describe("a connection that nobody goes on with", () => {
  it("a connection that nobody continues is cut off after seconds", async () => {
    await using world = await bridgeWorld();
    const closed = half.map(
      (said) =>
        new Promise<void>((resolve) => {
          const socket = connect(world.bridge.socket);
          socket.on("error", () => {});
          socket.on("close", () => resolve());
          socket.resume();
          socket.write(said);
        }),
    );
    // The limit on a head is Node's own, and goes by the real time.
    await Promise.all(closed);
  });

  // A refused one could keep its end of the connection open, and with it a descriptor of ours.
  it("a connection that nobody continues is cut off when it was refused and does not hang up", async () => {
    await using world = await bridgeWorld();
    const wrong = `${upgradeHead}Authorization: Bearer guess\r\n\r\n`;
    const socket = connect({ path: world.bridge.socket, allowHalfOpen: true });
    socket.on("error", () => {});
    socket.resume();
    socket.write(wrong);
    await new Promise((resolve) => socket.once("end", resolve));
    const isCut = () => new Promise((resolve) => socket.write("x", (error) => resolve(!!error)));
    await expect.poll(isCut).toBe(true);
    socket.destroy();
  });
});
