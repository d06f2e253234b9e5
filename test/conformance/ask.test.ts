import { describe, expect, it, onTestFinished } from "vitest";
import type { Reply } from "../../src/actors/kernel/behavior.ts";
import { deferred, handler, recorder, world } from "./world.ts";

/** Fails the test when a promise is rejected and nobody looks. */
function watchRejections(): unknown[] {
  const rejections: unknown[] = [];
  const note = (error: unknown) => void rejections.push(error);
  process.on("unhandledRejection", note);
  onTestFinished(() => void process.off("unhandledRejection", note));
  return rejections;
}

describe("calls", () => {
  it("A01 gives the reply and leaves nothing behind", async () => {
    const { clock, sys } = world();
    const actor = sys.actor(handler((message, context) => context.from?.send(`${message}!`)));
    expect(await actor.ask("hello")).toBe("hello!");
    await clock.settle();
    expect(clock.pending).toBe(0);
    expect(sys.tree().children[0]).toMatchObject({ monitors: 0, mailbox: { user: 0 } });
  });

  it("A02 fails at once, not at the timeout, when nobody is there", async () => {
    const { sys } = world();
    await expect(sys.kernel.address("/nobody").call("hello")).rejects.toMatchObject({
      code: "noproc",
    });
    const actor = sys.actor(recorder().behavior);
    await actor.stop();
    await expect(actor.ask("hello")).rejects.toMatchObject({ code: "noproc" });
  });

  it("A03 times out at the deadline when no reply comes; the callee lives on", async () => {
    const { clock, sys } = world();
    const actor = sys.actor(recorder().behavior);
    let settled = false;
    const asked = expect(actor.ask("hello", { timeoutMs: 100 })).rejects.toMatchObject({
      code: "call-timeout",
    });
    void asked.then(() => {
      settled = true;
    });
    await clock.advance(99);
    expect(settled).toBe(false);
    await clock.advance(1);
    await asked;
    expect(sys.whereis(actor.path)).toBeDefined();
  });

  it("A04 drops a reply that comes after the timeout and reports it", async () => {
    const { clock, sys } = world();
    let reply: Reply<unknown> | undefined;
    const actor = sys.actor(
      handler((_message, context) => {
        reply = context.from;
      }),
      { name: "slow" },
    );
    const asked = expect(actor.ask("hello", { timeoutMs: 100 })).rejects.toMatchObject({
      code: "call-timeout",
    });
    await clock.advance(100);
    await asked;
    expect(reply?.signal.aborted).toBe(true);
    reply?.send("late");
    expect(await sys.events("/slow").waitFor("late-reply")).toMatchObject({ path: "/slow" });
  });

  it("A05 fails at once with the reason when the callee crashes", async () => {
    const { sys } = world();
    const actor = sys.actor(
      handler(() => {
        throw new Error("boom");
      }),
    );
    await expect(actor.ask("hello")).rejects.toMatchObject({
      code: "down",
      reason: { type: "error", message: "boom" },
    });
  });

  it("A06 fails with down when the callee ends normally without a reply", async () => {
    const { sys } = world();
    const actor = sys.actor(handler((_message, context) => context.exit()));
    await expect(actor.ask("hello")).rejects.toMatchObject({
      code: "down",
      reason: { type: "normal" },
    });
  });

  it("A07 rejects with the error that the callee replied; the callee lives on", async () => {
    const { sys } = world();
    const actor = sys.actor(
      handler((_message, context) => context.from?.fail(new RangeError("too far"))),
    );
    await expect(actor.ask("hello")).rejects.toThrow(RangeError);
    expect(sys.whereis(actor.path)).toBeDefined();
  });

  it("A08 drops a second reply and reports it", async () => {
    const { sys } = world();
    const actor = sys.actor(
      handler((_message, context) => {
        context.from?.send("first");
        context.from?.send("second");
      }),
      { name: "eager" },
    );
    expect(await actor.ask("hello")).toBe("first");
    await sys.events("/eager").waitFor("late-reply");
  });

  it("A09 delivers a reply that a timer gives later, with other messages handled in between", async () => {
    const { clock, sys } = world();
    const seen: unknown[] = [];
    let waiting: Reply<unknown> | undefined;
    const actor = sys.actor(
      handler((message, context) => {
        seen.push(message);
        if (message === "ask") {
          waiting = context.from;
          context.timers.after("answer", 50, "answer");
        }
        if (message === "answer" && waiting !== undefined) context.reply(waiting, 42);
      }),
    );
    const asked = actor.ask("ask");
    actor.send("other");
    await clock.advance(50);
    expect(await asked).toBe(42);
    expect(seen).toEqual(["ask", "other", "answer"]);
  });

  it("A10 gives up at once when the caller aborts, and the callee's signal says so", async () => {
    const { sys, settle } = world();
    let signal: AbortSignal | undefined;
    const actor = sys.actor(
      handler((_message, context) => {
        signal = context.from?.signal;
      }),
    );
    const controller = new AbortController();
    const asked = expect(actor.ask("hello", { signal: controller.signal })).rejects.toMatchObject({
      code: "aborted",
    });
    await settle();
    controller.abort();
    await asked;
    expect(signal?.aborted).toBe(true);
    await expect(actor.ask("hello", { signal: controller.signal })).rejects.toMatchObject({
      code: "aborted",
    });
  });

  it("A11 fails with down, without any limit of time, when the callee ends", async () => {
    const { clock, sys } = world();
    const actor = sys.actor(recorder().behavior);
    const asked = expect(actor.ask("hello", { timeoutMs: Number.POSITIVE_INFINITY }))
      .rejects //
      .toMatchObject({ code: "down" });
    await clock.advance(3_600_000);
    await actor.stop();
    await asked;
  });

  it("A12 answers each of 1_000 calls with its own value, in whatever order they are answered", async () => {
    const { sys } = world();
    const waiting: { readonly message: unknown; readonly from: Reply<unknown> }[] = [];
    const actor = sys.actor(
      handler((message, { from }) => {
        if (from !== undefined) waiting.push({ message, from });
        if (waiting.length < 1_000) return;
        const mixed = waiting.map((each, index) => ({ each, key: (index * 617) % 1_000 }));
        mixed.sort((one, other) => one.key - other.key);
        for (const { each } of mixed) each.from.send(Number(each.message) * 2);
      }),
    );
    const asked = Array.from({ length: 1_000 }, (_, index) => actor.ask(index));
    expect(await Promise.all(asked)).toEqual(
      Array.from({ length: 1_000 }, (_, index) => index * 2),
    );
  });

  it("A13 times out on a suspended actor; after it resumes there is no reply to drop", async () => {
    const { clock, sys } = world();
    const seen: unknown[] = [];
    const actor = sys.actor(
      handler((message, context) => {
        seen.push(message);
        context.from?.send("late");
      }),
    );
    await actor.started;
    sys.kernel.suspend(actor.ref);
    const asked = expect(actor.ask("hello", { timeoutMs: 10 })).rejects.toMatchObject({
      code: "call-timeout",
    });
    await clock.advance(10);
    await asked;
    sys.kernel.resume(actor.ref);
    await clock.settle();
    expect(seen).toEqual([]);
  });

  it("A14 leaves no rejection behind when the caller ends with a call pending", async () => {
    const rejections = watchRejections();
    const { sys, settle } = world();
    let reply: Reply<unknown> | undefined;
    const callee = sys.actor(
      handler((_message, context) => {
        reply = context.from;
      }),
    );
    const ignoring = sys.actor(
      handler((_message, context) => {
        void callee.ref.call("hello").then((value) => context.self.send(value));
      }),
    );
    const awaiting = sys.actor(handler(() => callee.ref.call("hello") as Promise<never>));
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
    expect(sys.kernel.orphans()).toEqual([]);
  });

  it("A15 fails calls that were queued when the callee crashed, also in a slot that keeps messages", async () => {
    const { sys, settle } = world();
    for (const mailbox of ["drop", "keep"] as const) {
      const gate = deferred();
      const slow = handler(async (message) => {
        if (message !== "crash") return;
        await gate.promise;
        throw new Error("crashed");
      });
      const parent = handler((_message, context) => {
        context.slot({ name: "child", mailbox }).start(slow);
      });
      const name = `parent-${mailbox}`;
      sys.actor(parent, { name }).send("make");
      await settle();
      const address = sys.kernel.address(`/${name}/child`);
      address.send("crash");
      await settle();
      const asked = expect(address.call("hello")).rejects.toMatchObject({ code: "down" });
      gate.resolve();
      await asked;
    }
  });

  it("A16 fails at once when an actor calls itself, directly or through others that wait", async () => {
    const { sys, settle } = world();
    const codes: unknown[] = [];
    const note = (error: unknown) => void codes.push((error as { code: string }).code);
    const self = sys.actor(
      handler(async (_message, context) => {
        await Promise.resolve();
        await context.self.call("again").catch(note);
      }),
    );
    self.send("go");
    const b = sys.actor(
      handler(async (_message, context) => {
        await sys.kernel.address("/a").call("back").catch(note);
        context.from?.send("done");
      }),
    );
    const a = sys.actor(
      handler(async (message) => {
        if (message === "go") await b.ref.call("forth");
      }),
      { name: "a" },
    );
    a.send("go");
    await settle();
    expect(codes.sort()).toEqual(["deadlock", "self"]);
  });
});
