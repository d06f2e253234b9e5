import type { Reply } from "ramure/actors";
import { describe, expect, it, onTestFinished } from "vitest";
import { deferred } from "../../src/actors/wait.ts";
import { handler, recorder, world } from "./world.ts";

/** Fails the test when a promise is rejected and nobody looks. */
function watchRejections(): unknown[] {
  const rejections: unknown[] = [];
  const note = (error: unknown) => void rejections.push(error);
  process.on("unhandledRejection", note);
  onTestFinished(() => void process.off("unhandledRejection", note));
  return rejections;
}

describe("calls", () => {
  it("A01 a call gives the reply and leaves nothing behind", async () => {
    const { clock, system } = world();
    const actor = system.spawn(handler((message, context) => context.from?.send(`${message}!`)));
    expect(await actor.call("hello")).toBe("hello!");
    await clock.settle();
    expect(clock.pending).toBe(0);
    expect(system.tree().children[0]).toMatchObject({ monitors: 0, mailbox: { user: 0 } });
  });

  it("A02 a call fails at once, not at the timeout, when nobody is there", async () => {
    const { system } = world();
    await expect(system.address("/nobody").call("hello")).rejects.toMatchObject({
      code: "noproc",
    });
    const actor = system.spawn(recorder().behavior);
    await actor.stop();
    await expect(actor.call("hello")).rejects.toMatchObject({ code: "noproc" });
  });

  it("A03 a call times out at the deadline when no reply comes; the callee lives on", async () => {
    const { clock, system } = world();
    const actor = system.spawn(recorder().behavior);
    let settled = false;
    const asked = expect(actor.call("hello", { timeoutMs: 100 })).rejects.toMatchObject({
      code: "call-timeout",
    });
    void asked.then(() => {
      settled = true;
    });
    await clock.advance(99);
    expect(settled).toBe(false);
    await clock.advance(1);
    await asked;
    expect(system.whereis(actor.path)).toBeDefined();
  });

  it("A04 a reply after the timeout is dropped and reported", async () => {
    const { clock, system } = world();
    let reply: Reply<unknown> | undefined;
    const actor = system.spawn(
      handler((_message, context) => {
        reply = context.from;
      }),
      { name: "slow" },
    );
    const asked = expect(actor.call("hello", { timeoutMs: 100 })).rejects.toMatchObject({
      code: "call-timeout",
    });
    await clock.advance(100);
    await asked;
    expect(reply?.signal.aborted).toBe(true);
    reply?.send("late");
    expect(await system.events("/slow").waitFor("late-reply")).toMatchObject({ path: "/slow" });
  });

  it("A05 a call fails at once with the reason when the callee crashes", async () => {
    const { system } = world();
    const actor = system.spawn(
      handler(() => {
        throw new Error("boom");
      }),
    );
    await expect(actor.call("hello")).rejects.toMatchObject({
      code: "down",
      reason: { type: "error", message: "boom" },
    });
  });

  it("A06 a call fails with down when the callee ends normally without a reply", async () => {
    const { system } = world();
    const actor = system.spawn(handler((_message, context) => context.exit()));
    await expect(actor.call("hello")).rejects.toMatchObject({
      code: "down",
      reason: { type: "normal" },
    });
  });

  it("A07 a call rejects with the error that the callee replied; the callee lives on", async () => {
    const { system } = world();
    const actor = system.spawn(
      handler((_message, context) => context.from?.fail(new RangeError("too far"))),
    );
    await expect(actor.call("hello")).rejects.toThrow(RangeError);
    expect(system.whereis(actor.path)).toBeDefined();
  });

  it("A08 a second reply is dropped and reported", async () => {
    const { system } = world();
    const actor = system.spawn(
      handler((_message, context) => {
        context.from?.send("first");
        context.from?.send("second");
      }),
      { name: "eager" },
    );
    expect(await actor.call("hello")).toBe("first");
    await system.events("/eager").waitFor("late-reply");
  });

  it("A09 a reply may come later, from a timer, with other messages handled in between", async () => {
    const { clock, system } = world();
    const seen: unknown[] = [];
    let waiting: Reply<unknown> | undefined;
    const actor = system.spawn(
      handler((message, context) => {
        seen.push(message);
        if (message === "ask") {
          waiting = context.from;
          context.timers.after("answer", 50, "answer");
        }
        if (message === "answer" && waiting !== undefined) context.reply(waiting, 42);
      }),
    );
    const asked = actor.call("ask");
    actor.send("other");
    await clock.advance(50);
    expect(await asked).toBe(42);
    expect(seen).toEqual(["ask", "other", "answer"]);
  });

  it("A10 a call gives up at once when the caller aborts, and the callee's signal says so", async () => {
    const { system, settle } = world();
    let signal: AbortSignal | undefined;
    const actor = system.spawn(
      handler((_message, context) => {
        signal = context.from?.signal;
      }),
    );
    const controller = new AbortController();
    const asked = expect(actor.call("hello", { signal: controller.signal })).rejects.toMatchObject({
      code: "aborted",
    });
    await settle();
    controller.abort();
    await asked;
    expect(signal?.aborted).toBe(true);
    await expect(actor.call("hello", { signal: controller.signal })).rejects.toMatchObject({
      code: "aborted",
    });
  });

  it("A11 a call fails with down, without any limit of time, when the callee ends", async () => {
    const { clock, system } = world();
    const actor = system.spawn(recorder().behavior);
    const asked = expect(actor.call("hello", { timeoutMs: Number.POSITIVE_INFINITY }))
      .rejects //
      .toMatchObject({ code: "down" });
    await clock.advance(3_600_000);
    await actor.stop();
    await asked;
  });

  it("A12 each of 1_000 calls gets its own value, in whatever order they are answered", async () => {
    const { system } = world();
    const waiting: { readonly message: unknown; readonly from: Reply<unknown> }[] = [];
    const actor = system.spawn(
      handler((message, { from }) => {
        if (from !== undefined) waiting.push({ message, from });
        if (waiting.length < 1_000) return;
        const mixed = waiting.map((each, index) => ({ each, key: (index * 617) % 1_000 }));
        mixed.sort((one, other) => one.key - other.key);
        for (const { each } of mixed) each.from.send(Number(each.message) * 2);
      }),
    );
    const asked = Array.from({ length: 1_000 }, (_, index) => actor.call(index));
    expect(await Promise.all(asked)).toEqual(
      Array.from({ length: 1_000 }, (_, index) => index * 2),
    );
  });

  it("A13 a call times out on a suspended actor; after it resumes there is no reply to drop", async () => {
    const { clock, system } = world();
    const seen: unknown[] = [];
    const actor = system.spawn(
      handler((message, context) => {
        seen.push(message);
        context.from?.send("late");
      }),
    );
    await actor.started;
    system.suspend(actor);
    const asked = expect(actor.call("hello", { timeoutMs: 10 })).rejects.toMatchObject({
      code: "call-timeout",
    });
    await clock.advance(10);
    await asked;
    system.resume(actor);
    await clock.settle();
    expect(seen).toEqual([]);
  });

  it("A14 a caller that ends with a call pending leaves no rejection behind", async () => {
    const rejections = watchRejections();
    const { system, settle } = world();
    let reply: Reply<unknown> | undefined;
    const callee = system.spawn(
      handler((_message, context) => {
        reply = context.from;
      }),
    );
    const ignoring = system.spawn(
      handler((_message, context) => {
        void callee.call("hello").then((value) => context.self.send(value));
      }),
    );
    const awaiting = system.spawn(handler(() => callee.call("hello") as Promise<never>));
    for (const caller of [ignoring, awaiting]) {
      caller.send("go");
      await settle();
      const { signal } = reply ?? {};
      await caller.kill();
      await settle();
      expect(signal?.aborted).toBe(true);
      reply?.send("late");
    }
    await settle();
    expect(rejections).toEqual([]);
    expect(system.orphans()).toEqual([]);
  });

  it("A15 calls that were queued when the callee crashed fail, also in a slot that keeps messages", async () => {
    const { system, settle } = world();
    for (const mailbox of ["drop", "keep"] as const) {
      const gate = deferred<void>();
      const slow = handler(async (message) => {
        if (message !== "crash") return;
        await gate.promise;
        throw new Error("crashed");
      });
      const parent = handler((_message, context) => {
        context.slot({ name: "child", mailbox }).start(slow);
      });
      const name = `parent-${mailbox}`;
      system.spawn(parent, { name }).send("make");
      await settle();
      const address = system.address(`/${name}/child`);
      address.send("crash");
      await settle();
      const asked = expect(address.call("hello")).rejects.toMatchObject({ code: "down" });
      gate.resolve();
      await asked;
    }
  });

  it("A16 a call fails at once when an actor calls itself, directly or through others that wait", async () => {
    const { system, settle } = world();
    const codes: unknown[] = [];
    const note = (error: unknown) => void codes.push((error as { code: string }).code);
    const self = system.spawn(
      handler(async (_message, context) => {
        await Promise.resolve();
        await context.self.call("again").catch(note);
      }),
    );
    self.send("go");
    const b = system.spawn(
      handler(async (_message, context) => {
        await system.address("/a").call("back").catch(note);
        context.from?.send("done");
      }),
    );
    const a = system.spawn(
      handler(async (message) => {
        if (message === "go") await b.call("forth");
      }),
      { name: "a" },
    );
    a.send("go");
    await settle();
    expect(codes.sort()).toEqual(["deadlock", "self"]);
  });
});
