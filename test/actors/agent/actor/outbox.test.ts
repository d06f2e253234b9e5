import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createOutbox,
  type Outbox,
  type OutboxOptions,
} from "../../../../src/actors/agent/actor/outbox.ts";
import { AgentEndedError, MessageRefusedError } from "../../../../src/actors/agent/errors.ts";

function outboxOf(options: Partial<OutboxOptions> = {}) {
  let count = 0;
  return createOutbox({ path: "/run/worker", newId: () => `m${++count}`, ...options });
}

function takeAll(outbox: Outbox): string[] {
  const texts: string[] = [];
  for (let entry = outbox.take(); entry; entry = outbox.take()) texts.push(entry.text);
  return texts;
}

async function filled(...texts: readonly string[]) {
  const outbox = outboxOf();
  const receipts = [];
  for (const text of texts) receipts.push(await outbox.enqueue(text, "follow-up"));
  return { outbox, receipts };
}

/** How a promise stands now. */
async function standing(promise: Promise<unknown>): Promise<string> {
  const pending = Promise.resolve("pending");
  return Promise.race([
    promise.then(
      () => "resolved",
      () => "rejected",
    ),
    pending.then(() => pending),
  ]);
}

const turn = { text: "done", stopReason: "stop" };

describe("an outbox", () => {
  it("an outbox gives messages in order, each once", async () => {
    const { outbox } = await filled("a", "b");
    expect(takeAll(outbox)).toEqual(["a", "b"]);
    expect(takeAll(outbox)).toEqual([]);
  });

  it("an outbox tells each step of each message", async () => {
    const steps: string[] = [];
    const outbox = outboxOf({ onChange: ({ id, state }) => steps.push(`${id} ${state}`) });
    const { id } = await outbox.enqueue("a", "follow-up");
    outbox.take();
    outbox.accepted(id);
    outbox.durable(id);
    expect(steps).toEqual(["m1 queued", "m1 sent", "m1 accepted", "m1 durable"]);
  });

  it("an outbox settles delivered() when the message is durable and turn() when the agent rests", async () => {
    const { outbox, receipts } = await filled("a");
    const [receipt] = receipts;
    takeAll(outbox);
    outbox.accepted("m1");
    expect(await standing(receipt?.delivered() ?? Promise.reject())).toBe("pending");
    outbox.durable("m1");
    await receipt?.delivered();
    expect(await standing(receipt?.turn() ?? Promise.reject())).toBe("pending");
    outbox.answered(["m1"], turn);
    expect(await receipt?.turn()).toEqual(turn);
  });

  it("an outbox answers what became durable in an earlier life at the next rest", async () => {
    const { outbox, receipts } = await filled("a", "b");
    takeAll(outbox);
    outbox.durable("m1");
    outbox.opened(["m1"]);
    takeAll(outbox);
    outbox.answered(["m2"], turn);
    expect(await receipts[0]?.turn()).toEqual(turn);
    expect(await receipts[1]?.turn()).toEqual(turn);
  });

  it("an outbox does not answer what was taken in after the messages that a rest names", async () => {
    const { outbox, receipts } = await filled("a", "b");
    takeAll(outbox);
    outbox.opened(["m1", "m2"]);
    outbox.answered(["m1"], turn);
    await receipts[0]?.turn();
    expect(await standing(receipts[1]?.turn() ?? Promise.reject())).toBe("pending");
    outbox.answered([], { text: "later", stopReason: "stop" });
    expect(await receipts[1]?.turn()).toMatchObject({ text: "later" });
  });

  it("an outbox repeats in order what a new link's hello does not name as durable", async () => {
    const { outbox } = await filled("a", "b", "c", "d");
    takeAll(outbox);
    outbox.accepted("m1");
    outbox.accepted("m2");
    outbox.opened(["m1"]);
    expect(takeAll(outbox)).toEqual(["b", "c", "d"]);
  });

  it("an outbox repeats durable messages that were not answered when the conversation is lost", async () => {
    const { outbox, receipts } = await filled("a", "b", "c");
    takeAll(outbox);
    outbox.answered(["m1"], turn);
    outbox.durable("m2");
    expect(outbox.restarted()).toEqual(["a"]);
    outbox.opened([]);
    expect(takeAll(outbox)).toEqual(["b", "c"]);
    await receipts[1]?.delivered();
  });

  it("an outbox keeps a refused message and counts its refusals", async () => {
    const { outbox } = await filled("a", "b");
    takeAll(outbox);
    expect(outbox.refused("m1")).toBe(1);
    expect(takeAll(outbox)).toEqual(["a"]);
    expect(outbox.refused("m1")).toBe(2);
    expect(outbox.refused("nobody's")).toBe(0);
  });

  it("an outbox puts a note ahead of everything, one at a time", async () => {
    const { outbox } = await filled("a");
    outbox.note("first note");
    outbox.note("second note");
    expect(takeAll(outbox)).toEqual(["second note", "a"]);
  });

  it("an outbox holds back when 64 follow-ups are on the link, but never a steer", async () => {
    const { outbox } = await filled(...Array.from({ length: 70 }, (_, index) => `f${index}`));
    await outbox.enqueue("steer", "steer");
    const first = takeAll(outbox);
    expect(first).toHaveLength(65);
    expect(first.at(-1)).toBe("steer");
    outbox.accepted("m1");
    expect(takeAll(outbox)).toEqual(["f64"]);
  });

  it("an outbox holds back what would make the link look as if nobody read it", async () => {
    const outbox = outboxOf();
    const page = `${"x".repeat(999)}\n`.repeat(400);
    for (let n = 0; n < 5; n++) await outbox.enqueue(`f${n}${page}`, "follow-up");
    const names = () => takeAll(outbox).map((text) => text.slice(0, 2));
    expect(names()).toEqual(["f0", "f1"]);
    await outbox.enqueue("f5", "follow-up");
    for (let n = 0; n < 9; n++) await outbox.enqueue(`s${n}${page}`, "steer");
    expect(names()).toEqual(["s0", "s1", "s2", "s3", "s4"]);
    for (const { id, state } of outbox.waiting) if (state === "sent") outbox.accepted(id);
    expect(names()).toEqual(["f2", "f3", "s5", "s6", "s7", "s8"]);
  });

  it("an outbox gives no receipt and sends nothing before the message is kept for good", async () => {
    let kept = () => {};
    const persist = () => new Promise<void>((resolve) => (kept = resolve));
    const outbox = outboxOf({ persist });
    const receipt = outbox.enqueue("a", "follow-up");
    expect(takeAll(outbox)).toEqual([]);
    kept();
    await receipt;
    expect(takeAll(outbox)).toEqual(["a"]);
  });

  it("an outbox sends in the order of enqueue, however long each took to be kept", async () => {
    const kept: (() => void)[] = [];
    const persist = () => new Promise<void>((resolve) => kept.push(resolve));
    const outbox = outboxOf({ persist });
    const receipts = [outbox.enqueue("a", "follow-up"), outbox.enqueue("b", "follow-up")];
    kept[1]?.();
    await receipts[1];
    expect(takeAll(outbox)).toEqual([]);
    kept[0]?.();
    await receipts[0];
    expect(takeAll(outbox)).toEqual(["a", "b"]);
  });

  it("an outbox rejects the send that could not be kept, and goes on with the others", async () => {
    const persist = ({ text }: { text: string }) =>
      text === "a" ? Promise.reject(new Error("disk full")) : Promise.resolve();
    const outbox = outboxOf({ persist });
    await expect(outbox.enqueue("a", "follow-up")).rejects.toThrow("disk full");
    await outbox.enqueue("b", "follow-up");
    expect(takeAll(outbox)).toEqual(["b"]);
  });

  it("an outbox refuses one message too many, and one that is too long", async () => {
    const outbox = outboxOf({ maxWaiting: 1, maxBytes: 6 });
    await expect(outbox.enqueue("äää", "follow-up")).rejects.toThrow("over 6 bytes");
    const { id } = await outbox.enqueue("ää", "follow-up");
    await expect(outbox.enqueue("b", "follow-up")).rejects.toThrow(MessageRefusedError);
    outbox.durable(id);
    await outbox.enqueue("c", "follow-up");
  });

  it("an outbox refuses what no model takes, and lines that would hold up a terminal", async () => {
    const outbox = outboxOf();
    for (const text of ["", " \n"])
      await expect(outbox.enqueue(text, "follow-up")).rejects.toThrow("is empty");
    const line = "x".repeat(50_000);
    await expect(outbox.enqueue(`a\n${line}x`, "steer")).rejects.toThrow("a line of over 50000");
    await outbox.enqueue(`${line}\n${line}`, "follow-up");
  });

  it("an outbox rejects what is waited for when the agent has ended, and every later send", async () => {
    const { outbox, receipts } = await filled("a", "b");
    outbox.durable("m1");
    outbox.end(new AgentEndedError("/run/worker", "stopped"));
    await receipts[0]?.delivered();
    await expect(receipts[0]?.turn()).rejects.toThrow(AgentEndedError);
    await expect(receipts[1]?.delivered()).rejects.toThrow("stopped");
    await expect(outbox.enqueue("c", "follow-up")).rejects.toThrow(AgentEndedError);
    expect(takeAll(outbox)).toEqual([]);
  });

  it("an outbox leaves no rejection unhandled when nobody waits", async () => {
    const unhandled: unknown[] = [];
    const listen = (error: unknown) => unhandled.push(error);
    process.on("unhandledRejection", listen);
    const { outbox } = await filled("a");
    outbox.end(new AgentEndedError("/run/worker", "stopped"));
    await new Promise(setImmediate);
    process.off("unhandledRejection", listen);
    expect(unhandled).toEqual([]);
  });

  it("an outbox neither loses nor doubles nor reorders, however often link and agent are lost", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("send", "take", "accept", "durable", "cut", "kill"), {
          maxLength: 60,
        }),
        async (steps) => {
          const outbox = outboxOf();
          const agent = new PretendAgent(outbox);
          for (const step of steps) await agent[step]();
          agent.kill();
          for (let rounds = 0; rounds < 100; rounds += 1) {
            agent.take();
            agent.accept();
            agent.durable();
          }
          expect(agent.conversation).toEqual(agent.sent);
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** An agent that keeps what is durable across its deaths, and drops what it has by its id. */
class PretendAgent {
  readonly sent: string[] = [];
  readonly conversation: string[] = [];
  #queue: string[] = [];
  #accepted: string[] = [];

  constructor(readonly outbox: Outbox) {}

  async send() {
    const { id } = await this.outbox.enqueue("text", "follow-up");
    this.sent.push(id);
  }

  take() {
    const id = this.outbox.take()?.id;
    const known = [...this.#queue, ...this.#accepted, ...this.conversation];
    if (id && !known.includes(id)) this.#queue.push(id);
  }

  accept() {
    const id = this.#queue.shift();
    if (!id) return;
    this.#accepted.push(id);
    this.outbox.accepted(id);
  }

  durable() {
    const id = this.#accepted.shift();
    if (!id) return;
    this.conversation.push(id);
    this.outbox.durable(id);
  }

  cut() {
    const id = this.#accepted.shift();
    if (id) this.conversation.push(id);
    this.outbox.opened(this.conversation);
  }

  kill() {
    this.#queue = [];
    this.#accepted = [];
    this.outbox.opened(this.conversation);
  }
}

describe("the memory of an outbox", () => {
  it("the memory of an outbox has no room for a message while those that wait hold too many bytes", async () => {
    const outbox = outboxOf({ maxWaitingBytes: 10 });
    const first = await outbox.enqueue("a".repeat(12), "follow-up");
    await expect(outbox.enqueue("b", "follow-up")).rejects.toThrow(
      "/run/worker has over 10 bytes of messages that wait for it; wait for the receipts of earlier ones before you send more.",
    );
    outbox.take();
    outbox.durable(first.id);
    await expect(outbox.enqueue("b", "follow-up")).resolves.toMatchObject({ id: "m2" });
  });

  it("the memory of an outbox keeps of the answered messages a mebibyte of the last ones", async () => {
    const outbox = outboxOf();
    const half = `${"x".repeat(999)}\n`.repeat(500);
    for (const start of ["1", "2", "3"]) {
      const { id } = await outbox.enqueue(`${start} ${half}`, "follow-up");
      outbox.take();
      outbox.answered([id], turn);
    }
    expect(outbox.restarted().map((text) => text[0])).toEqual(["2", "3"]);
  });
});
