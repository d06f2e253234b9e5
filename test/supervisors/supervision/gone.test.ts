import { describe, expect, it } from "vitest";
import type { ChildSpec } from "../../../src/supervisors/supervision/child-spec.ts";
import type { SupervisionFlags } from "../../../src/supervisors/supervision/supervisor-flags.ts";
import { refusal } from "../../conformance/family.ts";
import { begun, owned, tell } from "./owned-supervision.ts";

/** A supervision whose children write down when they are told gone. */
async function told(flags: SupervisionFlags = {}) {
  const all = await owned(flags);
  const gone: string[] = [];
  const child = (id: string, options: Partial<ChildSpec> = {}): ChildSpec => ({
    ...all.W(id, options),
    gone: ({ why, reason }) => {
      gone.push(`${id} ${why} ${reason.type}`);
    },
  });
  return { ...all, gone, child };
}

describe("a child's `gone`", () => {
  it("a child's `gone` is called when the child ended and its policy does not restart it", async () => {
    const all = await told();
    const { supervision, child, gone } = all;
    await begun(all, supervision, [
      child("transient", { restart: "transient" }),
      child("temporary", { restart: "temporary" }),
    ]);
    await tell(all, "transient", { done: 1 });
    await tell(all, "temporary", "boom");
    expect(gone).toEqual(["transient ended normal", "temporary ended error"]);
  });

  it("a child's `gone` is not called while the child is restarted", async () => {
    const all = await told({ strategy: "one-for-all" });
    const { supervision, child, gone, clock } = all;
    const backoff = { initialMs: 100, maxMs: 100, jitter: 0 };
    await begun(all, supervision, [child("a", { backoff }), child("b")]);
    await tell(all, "a", "boom");
    await clock.advance(100);
    expect(gone).toEqual([]);
  });

  it("a child's `gone` is called once when the child is terminated, and again after a restart by hand", async () => {
    const all = await told();
    const { supervision, child, gone } = all;
    await begun(all, supervision, [child("vm"), child("agent", { dependsOn: "vm" })]);
    await supervision.terminateChild("vm");
    await supervision.terminateChild("vm");
    expect(gone).toEqual(["agent terminated shutdown", "vm terminated shutdown"]);
    gone.length = 0;
    await supervision.restartChild("vm");
    await supervision.terminateChild("agent");
    expect(gone).toEqual(["agent terminated shutdown"]);
  });

  it("a child's `gone` is called when its first start fails, is refused or is called off", async () => {
    const all = await told();
    const { supervision, child, gone, clock } = all;
    await refusal(supervision.startChild(child("bad", { initFail: 1 } as Partial<ChildSpec>)));
    await refusal(supervision.startChild(child("alone", { dependsOn: "nobody" })));
    const controller = new AbortController();
    const slow = { ...child("slow"), start: () => new Promise<never>(() => undefined) };
    const starting = refusal(supervision.startChild(slow, { signal: controller.signal }));
    await clock.settle();
    controller.abort();
    await clock.advance(5_000);
    await starting;
    expect(gone).toEqual([
      "bad not-started error",
      "alone not-started error",
      "slow not-started error",
    ]);
  });

  it("a child's `gone` is called for every child when one of the first children does not start", async () => {
    const all = await told();
    const { supervision, child, gone } = all;
    const bad = child("b", { initFail: 1 } as Partial<ChildSpec>);
    await refusal(supervision.startAll([child("a"), bad, child("c")]));
    expect(gone).toEqual(["b not-started error", "a owner-ended shutdown", "c not-started error"]);
  });

  it("a child's `gone` is called for all when the supervisor gives up", async () => {
    const all = await told({ intensity: { maxRestarts: 0 } });
    const { supervision, child, gone } = all;
    await begun(all, supervision, [child("a"), child("b")]);
    await tell(all, "a", "boom");
    expect(gone).toEqual(["a gave-up error", "b owner-ended shutdown"]);
  });

  it("a child's `gone` is called for a child that waits for its restart when the owner stops", async () => {
    const all = await told();
    const { supervision, child, gone, owner } = all;
    await begun(all, supervision, [child("a", { backoff: {} })]);
    await tell(all, "a", "boom");
    await owner.stop();
    expect(gone).toEqual(["a owner-ended error"]);
  });

  it("a child's `gone` is called when the owner is killed", async () => {
    const all = await told();
    const { supervision, child, gone, owner, clock } = all;
    await begun(all, supervision, [child("a"), child("b")]);
    await owner.kill();
    await clock.settle();
    expect(gone).toEqual(["a owner-ended shutdown", "b owner-ended shutdown"]);
  });

  it("a child's `gone` is called for a sibling whose only cause to be restarted was called off", async () => {
    const all = await told({ strategy: "one-for-all" });
    const { supervision, child, gone } = all;
    await begun(all, supervision, [child("a", { backoff: {} }), child("b")]);
    await tell(all, "a", "boom");
    await supervision.terminateChild("a");
    expect(gone).toEqual(["a terminated error", "b with-group shutdown"]);
  });

  it("a child's `gone` is waited for by the call that ended the child, and a throw in it is reported", async () => {
    const all = await told();
    const { supervision, clock, events, W } = all;
    let closed = false;
    const slow = {
      ...W("slow"),
      gone: async () => {
        await clock.sleep(100);
        closed = true;
      },
    };
    const broken = {
      ...W("broken"),
      gone: () => {
        throw new Error("the record is on fire");
      },
    };
    await begun(all, supervision, [slow, broken]);
    await supervision.terminateChild("broken");
    const stopping = supervision.terminateChild("slow").then(() => closed);
    await clock.advance(100);
    expect(await stopping).toBe(true);
    expect(events.filter(({ type }) => type === "shutdown-error")).toMatchObject([
      { id: "broken", reason: { message: "the record is on fire" } },
    ]);
  });

  it("a child's `gone` that is slow does not start the child again for an owner that was killed meanwhile", async () => {
    const all = await told();
    const { supervision, clock, owner, W, take } = all;
    const slow = { ...W("slow"), gone: () => clock.sleep(100) };
    await begun(all, supervision, [slow]);
    const terminating = supervision.terminateChild("slow");
    await clock.settle();
    const restarting = refusal(supervision.restartChild("slow"));
    await clock.settle();
    take();
    await owner.kill();
    await clock.advance(100);
    await Promise.all([terminating, restarting]);
    expect(take()).toEqual([]);
  });
});
