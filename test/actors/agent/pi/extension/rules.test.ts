import { channel } from "node:diagnostics_channel";
import { describe, expect, it } from "vitest";
import {
  lastStopReason,
  TokenReport,
  turnEnded,
} from "../../../../../src/actors/agent/pi/extension/events.ts";
import {
  AgentMailroom,
  type MailroomHost,
} from "../../../../../src/actors/agent/pi/extension/mailroom.ts";
import { ProviderEar } from "../../../../../src/actors/agent/pi/extension/provider.ts";
import { Rest, type RestOptions } from "../../../../../src/actors/agent/pi/extension/rest.ts";
import { type ManualClock, manualClock } from "../../../../../src/actors/manual-clock.ts";

function laterOn(clock: ManualClock) {
  return (delayMs: number, callback: () => void) => {
    const timer = clock.setTimer(delayMs, callback);
    return () => timer.cancel();
  };
}

function mailroomWorld() {
  const clock = manualClock();
  const pi = { idle: true, pending: false, nudges: 0 };
  const injected: string[] = [];
  const reports: string[] = [];
  const host: MailroomHost = {
    later: laterOn(clock),
    isIdle: () => pi.idle,
    hasPending: () => pi.pending,
    inject: (text) => void injected.push(text),
    nudge: () => void pi.nudges++,
    returned: (text) => void reports.push(`returned ${text}`),
    report: ({ type, id }) => void reports.push(`${type} ${id}`),
  };
  const mailroom = new AgentMailroom(host);
  const push = (id: string, text = id, deliver: "follow-up" | "steer" = "follow-up") =>
    mailroom.push({ type: "send", id, text, deliver });
  return { clock, pi, mailroom, injected, reports, push };
}

describe("the mailroom", () => {
  it("the mailroom refuses what pi has not started in 5 s, and goes on with the next", async () => {
    const { clock, mailroom, injected, reports, push } = mailroomWorld();
    push("a");
    push("b");
    await clock.advance(4_999);
    expect(injected).toEqual(["a"]);
    await clock.advance(1);
    expect(reports).toEqual(["refused a"]);
    expect(injected).toEqual(["a", "b"]);
    expect(mailroom.empty).toBe(false);
  });

  it("the mailroom accepts after all what starts late, and does not put its repetition in again", async () => {
    const { clock, mailroom, injected, reports, push } = mailroomWorld();
    push("a");
    await clock.advance(5_000);
    mailroom.hold(true);
    push("a");
    mailroom.started("a");
    mailroom.hold(false);
    expect(reports).toEqual(["refused a", "accepted a"]);
    expect(injected).toEqual(["a"]);
    expect(mailroom.empty).toBe(true);
  });

  it("the mailroom waits as long as pi says that it has the message in its queue", async () => {
    const { clock, pi, mailroom, reports, push } = mailroomWorld();
    pi.idle = false;
    push("a", "a", "steer");
    pi.pending = true;
    await clock.advance(60_000);
    expect(reports).toEqual([]);
    expect(mailroom.started("a")).toBe("a");
    expect(reports).toEqual(["accepted a"]);
  });

  it("the mailroom nudges pi when it is idle with a message in its queue", async () => {
    const { pi, mailroom, push } = mailroomWorld();
    pi.idle = false;
    push("a", "a", "steer");
    pi.idle = true;
    pi.pending = true;
    mailroom.pump();
    expect(pi.nudges).toBe(1);
  });

  it("the mailroom puts in again what an interrupt took out of pi's queue, and nothing else", async () => {
    const { clock, pi, mailroom, injected, reports, push } = mailroomWorld();
    pi.idle = false;
    push("a", "a", "steer");
    mailroom.rested();
    expect(injected).toEqual(["a"]);
    pi.pending = true;
    await clock.advance(20);
    pi.idle = true;
    pi.pending = false;
    mailroom.rested();
    expect(injected).toEqual(["a", "a"]);
    await clock.advance(250);
    mailroom.rested();
    expect(injected).toEqual(["a", "a"]);
    mailroom.started("a");
    expect(reports).toEqual(["returned a", "accepted a"]);
  });

  it("the mailroom gives nothing while it is held", async () => {
    const { mailroom, injected, push } = mailroomWorld();
    mailroom.hold(true);
    push("a");
    expect(injected).toEqual([]);
    mailroom.hold(false);
    expect(injected).toEqual(["a"]);
  });

  it("the mailroom keeps what waits after a failure of the model until something more is sent, and puts that first", async () => {
    const { pi, mailroom, injected, push, clock } = mailroomWorld();
    pi.idle = false;
    push("a");
    push("b");
    mailroom.park();
    pi.idle = true;
    mailroom.rested();
    expect(injected).toEqual([]);
    push("a");
    push("note");
    for (const text of ["note", "a", "b"]) {
      mailroom.started(text);
      await clock.advance(0);
    }
    expect(injected).toEqual(["note", "a", "b"]);
  });

  it("the mailroom goes on with what it kept when a run ends well", () => {
    const { pi, mailroom, injected, push } = mailroomWorld();
    pi.idle = false;
    push("a");
    mailroom.park();
    pi.idle = true;
    mailroom.unpark();
    expect(injected).toEqual(["a"]);
  });

  it("the mailroom does not take a stranger's message for its own", () => {
    const { mailroom, push } = mailroomWorld();
    push("a");
    expect(mailroom.started("something else")).toBeUndefined();
    expect(mailroom.started("a")).toBe("a");
    expect(mailroom.started("a")).toBeUndefined();
  });
});

function restWorld(options: Partial<RestOptions> = {}) {
  const clock = manualClock();
  const pi = { idle: true, mayCompact: false };
  const told: string[] = [];
  const rest = new Rest(
    {
      later: laterOn(clock),
      isIdle: () => pi.idle,
      mayCompact: () => pi.mayCompact,
      unsure: () => void told.push("unsure"),
      resting: () => void told.push("resting"),
    },
    { settles: false, retries: true, ...options },
  );
  return { clock, pi, told, rest };
}

describe("the end of a run", () => {
  it("the end of a run is told a tick later, when pi is idle", async () => {
    const { clock, pi, told, rest } = restWorld();
    pi.idle = false;
    rest.ended("stop");
    await clock.advance(100);
    expect(told).toEqual([]);
    pi.idle = true;
    await clock.advance(20);
    expect(told).toEqual(["resting"]);
  });

  it("the end of a run is not told while pi may try again after an error", async () => {
    const { clock, told, rest } = restWorld();
    for (const backoffMs of [2_000, 4_000, 8_000]) {
      rest.ended("error");
      await clock.advance(backoffMs);
      expect(told).not.toContain("resting");
      rest.started();
    }
    rest.ended("error");
    await clock.advance(0);
    expect(told.at(-1)).toBe("resting");
  });

  it("the end of a run is told when pi does not try again after all, or was told not to", async () => {
    const { clock, told, rest } = restWorld();
    rest.ended("error");
    await clock.advance(3_000);
    expect(told).toEqual(["unsure", "resting"]);
    const strict = restWorld({ retries: false });
    strict.rest.ended("error");
    await strict.clock.advance(0);
    expect(strict.told).toEqual(["resting"]);
  });

  it("the end of a run is what pi says, where pi says it", async () => {
    const { clock, told, rest } = restWorld({ settles: true });
    rest.ended("stop");
    await clock.advance(10_000);
    expect(told).toEqual(["unsure"]);
    rest.settled();
    await clock.advance(0);
    expect(told).toEqual(["unsure", "resting"]);
  });

  it("the end of a run waits for a compaction, which a long conversation makes likely", async () => {
    const { clock, pi, told, rest } = restWorld();
    pi.mayCompact = true;
    rest.ended("stop");
    await clock.advance(500);
    rest.compacting();
    await clock.advance(60_000);
    expect(told).not.toContain("resting");
    rest.compacted();
    await clock.advance(1_000);
    expect(told.at(-1)).toBe("resting");
  });

  it("the end of a run waits for no compaction that was called off", async () => {
    const { clock, told, rest } = restWorld({ settles: true });
    const person = new AbortController();
    rest.compacting(person.signal);
    await clock.advance(10_000);
    person.abort();
    await clock.advance(1_000);
    expect(told.at(-1)).toBe("resting");
  });

  it("the end of a run does not wait long for a summary that was refused and is not asked for again", async () => {
    const { clock, told, rest } = restWorld();
    rest.compacting();
    rest.answered({ status: 529, retryAfterMs: 4_000 });
    await clock.advance(18_999);
    rest.answered({ status: 200 });
    await clock.advance(60_000);
    expect(told).not.toContain("resting");
    rest.answered({ status: 400 });
    await clock.advance(15_000);
    expect(told.at(-1)).toBe("resting");
    rest.started();
    rest.answered({ status: 400 });
    await clock.advance(15_000);
    expect(told.filter((word) => word === "resting")).toHaveLength(2);
  });

  it("the end of a run is seen when pi ends a run without a word", async () => {
    const { clock, pi, told, rest } = restWorld();
    pi.idle = false;
    rest.started();
    await clock.advance(60_000);
    expect(told).toEqual([]);
    pi.idle = true;
    await clock.advance(10_000);
    expect(told).toEqual(["resting"]);
  });

  it("the end of a run does not wait for a compaction for ever", async () => {
    const { clock, told, rest } = restWorld();
    rest.compacting();
    await clock.advance(300_000);
    expect(told.at(-1)).toBe("resting");
  });
});

describe("the report of tokens", () => {
  it("the report of tokens comes with the first piece and then every five seconds, however many come", async () => {
    const clock = manualClock();
    const told: number[] = [];
    const report = new TokenReport(laterOn(clock), (pieces) => told.push(pieces));
    for (let n = 0; n < 11; n++) {
      report.came();
      await clock.advance(1_000);
    }
    expect(told).toEqual([1, 6, 11]);
  });
});

describe("the end of a turn", () => {
  it.each([
    ["This operation was aborted", "aborted"],
    ["Request was aborted.", "aborted"],
    ["The operation was aborted due to timeout", "error"],
    ["connection aborted by peer", "error"],
  ])("the end of a turn with the error %j is told as %s", (errorMessage, stopReason) => {
    const message = { role: "assistant", content: "", stopReason: "error", errorMessage };
    expect(turnEnded(message, new ProviderEar())).toMatchObject({ stopReason });
    expect(lastStopReason([message, { role: "toolResult" }])).toBe(stopReason);
  });
});

describe("what providers answer", () => {
  const heard = (status: number, ...headers: readonly string[]) =>
    channel("undici:request:headers").publish({
      response: { statusCode: status, headers: headers.map((word) => Buffer.from(word)) },
    });

  it("a provider's answer is known for a failure that names its status, and forgotten with the next turn", () => {
    const ear = new ProviderEar();
    ear.open();
    heard(200);
    heard(429, "Content-Type", "text/plain", "Retry-After", "7");
    expect(ear.of("429 slow down")).toEqual({ status: 429, retryAfterMs: 7_000 });
    expect(ear.of("something else")).toEqual({});
    ear.forget();
    expect(ear.of("429 slow down")).toEqual({});
    ear.close();
    heard(503);
    expect(ear.of("503")).toEqual({});
  });

  const date = (atMs: number) => new Date(atMs).toUTCString();
  const soon = Math.ceil(Date.now() / 1_000) * 1_000 + 3_600_000;

  it.each<[string, readonly string[], number | undefined]>([
    ["milliseconds before seconds", ["retry-after", "9", "Retry-After-Ms", "1500"], 1_500],
    ["parts of seconds", ["retry-after", "0.25"], 250],
    [
      "a date, by the provider's clock",
      ["retry-after", date(90_000), "Date", date(60_000)],
      30_000,
    ],
    ["a date that is over", ["retry-after", date(1_000), "date", date(60_000)], 0],
    ["no end of seconds", ["retry-after", "9".repeat(40)], 7 * 86_400_000],
    ["words", ["retry-after", "soon"], undefined],
    ["nothing", ["retry-after", ""], undefined],
    ["less than nothing", ["retry-after", "-5"], undefined],
  ])("a provider's answer may ask for a wait in %s", (_, head, retryAfterMs) => {
    const ear = new ProviderEar();
    ear.open();
    heard(429, ...head);
    ear.close();
    expect(ear.of("429").retryAfterMs).toBe(retryAfterMs);
  });

  it("a provider's answer may ask to wait for a date, and say no date of their own", () => {
    const ear = new ProviderEar();
    ear.open();
    heard(429, "retry-after", date(soon));
    ear.close();
    const { retryAfterMs = 0 } = ear.of("429");
    expect(retryAfterMs).toBeGreaterThan(3_500_000);
    expect(retryAfterMs).toBeLessThanOrEqual(3_601_000);
  });
});
