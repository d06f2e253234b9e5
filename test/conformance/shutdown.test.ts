import { execa, execaSync } from "execa";
import type { Behavior } from "ramure/actors";
import type { ChildSpec } from "ramure/supervisors";
import { startDynamicSupervisor, startSupervisor } from "ramure/supervisors";
import { describe, expect, it } from "vitest";
import { programOf } from "../setup/programs.ts";
import { childOf, family } from "./family.ts";
import { watch, world } from "./world.ts";

describe("shutdown", () => {
  it("X01 a stop kills a child that is still there after its shutdown time", async () => {
    const { supervisor, clock, info, child } = await family({}, (worker) => [
      worker("a", { shutdownMs: 100, termDelay: 5_000 }),
    ]);
    const { exited } = child("a");
    const terminating = supervisor.terminateChild("a");
    await clock.advance(99);
    expect(await info("a")).toMatchObject({ status: "stopping" });
    await clock.advance(51);
    await terminating;
    expect(await exited).toEqual({ type: "killed", by: "timeout" });
    expect(await info("a")).toMatchObject({ status: "stopped", by: "api" });
  });

  it("X02 a stop waits as long as it takes where it may", async () => {
    const { supervisor, clock, child } = await family({}, (worker) => [
      worker("a", { shutdownMs: "infinity", termDelay: 200 }),
    ]);
    const { exited } = child("a");
    const terminating = supervisor.terminateChild("a");
    await clock.advance(200);
    await terminating;
    expect(await exited).toMatchObject({ type: "shutdown" });
  });

  it("X03 a brutal kill runs no hook, but releases resources", async () => {
    const released: string[] = [];
    const owning: ChildSpec = {
      id: "a",
      shutdownMs: "brutal-kill",
      start: (context) => {
        context.own(() => void released.push("resource"));
        return {
          init: () => 0,
          receive: (state) => state,
          terminate: () => void released.push("hook"),
        };
      },
    };
    const { supervisor, child } = await family({}, () => [owning]);
    const { exited } = child("a");
    await supervisor.terminateChild("a");
    expect(await exited).toEqual({ type: "killed", by: "brutal" });
    expect(released).toEqual(["resource"]);
  });

  it("X04 a hook runs after the children are down and before anyone hears of the end", async () => {
    const { clock, worker, journal, start } = world();
    const parent = start("parent", { termDelay: 10 });
    parent.send({ spawn: worker("child", { termDelay: 10 }) });
    await clock.settle();
    const down = watch(parent);
    void down.first.then(() => journal.push("down parent"));
    const stopping = parent.stop();
    await clock.advance(20);
    await stopping;
    await clock.settle();
    expect(journal.filter((line) => !line.startsWith("msg")).slice(2)).toEqual([
      "term child#1 shutdown",
      "term parent#1 shutdown",
      "down parent",
    ]);
  });

  it("X05 a stop goes on when a hook throws, and reports it", async () => {
    const { supervisor, child, events, info } = await family({}, (worker) => [
      worker("a", { termFail: true }),
    ]);
    const { exited } = child("a");
    await supervisor.terminateChild("a");
    expect(await exited).toMatchObject({ type: "error", message: "terminate of a failed" });
    expect(await info("a")).toMatchObject({ status: "stopped", by: "api" });
    expect(events()).toEqual(["shutdown-error"]);
  });

  it("X06 a supervisor stops dynamic children at once", async () => {
    const { system, clock, worker } = world();
    const pool = await startDynamicSupervisor<void>(system, {}, worker("w", { termDelay: 100 }));
    for (let index = 0; index < 10; index += 1) await pool.startChild();
    const began = clock.now();
    let tookMs = Number.NaN;
    void pool.stop().then(() => {
      tookMs = clock.now() - began;
    });
    await clock.advance(2_000);
    expect(tookMs).toBeLessThan(250);
  });

  it("X06 a supervisor stops static children one after another, in reverse", async () => {
    const ids = [..."abcdefghij"];
    const { supervisor, clock, take } = await family({}, (worker) =>
      ids.map((id) => worker(id, { termDelay: 100 })),
    );
    const began = clock.now();
    let tookMs = Number.NaN;
    void supervisor.stop().then(() => {
      tookMs = clock.now() - began;
    });
    await clock.advance(2_000);
    expect(tookMs).toBeGreaterThanOrEqual(1_000);
    expect(take()).toEqual(ids.toReversed().map((id) => `term ${id}#1 shutdown`));
  });

  it("X07 a dynamic supervisor waits for one hung child no longer than for all", async () => {
    const { system, clock, take, worker } = world();
    let made = 0;
    const pool = await startDynamicSupervisor<void>(
      system,
      {},
      {
        shutdownMs: 100,
        start: (context) => {
          made += 1;
          const scripted = worker(`w${made}`, { termDelay: made === 2 ? 9_000 : 10 });
          return scripted.start(context as Parameters<typeof scripted.start>[0]);
        },
      },
    );
    const children = [];
    for (let index = 0; index < 3; index += 1) children.push(childOf(await pool.startChild()));
    take();
    const began = clock.now();
    let tookMs = Number.NaN;
    void pool.stop().then(() => {
      tookMs = clock.now() - began;
    });
    await clock.advance(1_000);
    expect(tookMs).toBe(100);
    const ends = await Promise.all(children.map(({ ref }) => ref.exited));
    expect(ends.map(({ type }) => type)).toEqual(["shutdown", "killed", "shutdown"]);
  });

  it("X08 a supervisor stops once, however often it is asked", async () => {
    const { supervisor, clock, take } = await family({}, (worker) => [
      worker("a", { termDelay: 10 }),
    ]);
    const both = Promise.all([supervisor.stop(), supervisor.stop()]);
    await clock.advance(10);
    const [one, other] = await both;
    expect(one).toEqual(other);
    expect(take()).toEqual(["term a#1 shutdown"]);
  });

  it("X09 a stop reaches what never finished starting", async () => {
    const { clock, start } = world();
    const actor = start("a", { initHang: true });
    const failed = actor.started.catch((error: { readonly code: string }) => error.code);
    await clock.settle();
    expect(await actor.stop()).toMatchObject({ type: "shutdown" });
    expect(await failed).toBe("stopped");
    expect(clock.pending).toBe(0);
  });

  it("X10 a stop is quick with handlers that listen to their signal", async () => {
    const { supervisor, child, clock } = await family({}, (worker) => [
      worker("a"),
      worker("b"),
      worker("c"),
    ]);
    for (const id of ["a", "b", "c"]) child(id).send({ sleep: 5_000 });
    await clock.settle();
    const began = clock.now();
    await supervisor.stop();
    expect(clock.now() - began).toBeLessThan(50);
  });

  it("X11 a stop goes on past what fails or hangs, each phase within its own time", async () => {
    const { system, clock, worker } = world();
    const done: string[] = [];
    const owner: Behavior<unknown, unknown> = {
      init: (context) => {
        context.own(() => void done.push("first"));
        context.own(() => new Promise(() => undefined));
        context.own(() => Promise.reject(new Error("cannot be released")));
        context.own(() => void done.push("last"));
      },
      receive: () => undefined,
    };
    await startSupervisor(system, {}, [
      worker("a"),
      { id: "owner", shutdownMs: 50, start: () => owner },
      worker("hung", { shutdownMs: "infinity", termDelay: 60_000 }),
    ]);
    await clock.settle();
    const stopping = system.stop({ deadlineMs: 1_000 });
    await clock.advance(1_000);
    expect(system.tree().children).toEqual([]);
    expect(done).toEqual(["last", "first"]);
    const reapMs = 5_000;
    await clock.advance(reapMs);
    await stopping;
  });
});

describe("shutdown of a program", () => {
  it("X12 a program ends in order at SIGTERM", async () => {
    const program = run("wait");
    await program.said("ready");
    program.signal("SIGTERM");
    expect(await program.ended).toMatchObject({ exitCode: 143 });
    expect(program.lines()).toEqual(["ready", "stopping", "stopped"]);
    expect(program.owned().filter(isAlive)).toEqual([]);
  });

  it("X12 a program ends at once at the second SIGTERM", async () => {
    const program = run("stubborn");
    await program.said("ready");
    program.signal("SIGTERM");
    await program.said("stopping");
    program.signal("SIGTERM");
    expect(await program.ended).toMatchObject({ exitCode: 137 });
    for (const pid of program.owned()) endOwned(pid);
  });

  it("X13 a program ends by itself when its system has stopped", async () => {
    const program = run("end");
    expect(await program.ended).toMatchObject({ exitCode: 0 });
    expect(program.lines()).toEqual(["ready", "stopping", "stopped"]);
  });

  it("X14 a stop takes a child process along, and what that started", async () => {
    const program = run("wait");
    await program.said("ready");
    const owned = program.owned();
    expect(owned).toHaveLength(2);
    expect(owned.filter(isAlive)).toEqual(owned);
    program.signal("SIGTERM");
    await program.ended;
    expect(owned.filter(isAlive)).toEqual([]);
  });

  it("X15 a program stops its tree when something outside it throws", async () => {
    const program = run("uncaught");
    expect(await program.ended).toMatchObject({ exitCode: 1 });
    expect(program.lines()).toEqual(["ready", "stopping", "stopped"]);
    expect(program.owned().filter(isAlive)).toEqual([]);
  });
});

/** Run the fixture `supervised.ts` in the given way. */
function run(way: string) {
  const child = execa("node", [programOf("test/fixtures/supervised.ts"), way], {
    reject: false,
    timeout: 150_000,
    all: true,
  });
  let text = "";
  const waiting = new Set<() => void>();
  child.all.on("data", (chunk) => {
    text += String(chunk);
    for (const look of waiting) look();
  });
  const lines = () => text.split("\n").filter((line) => /^[a-z]+$/.test(line));
  return {
    ended: child,
    lines,
    signal: (name: NodeJS.Signals) => child.kill(name),
    /** The pids of the process that it owns, and of that one's child. */
    owned: () => (/^owns (\d+) (\d+)$/m.exec(text)?.slice(1) ?? []).map(Number),
    said: (word: string) =>
      new Promise<void>((resolve, reject) => {
        const look = () => lines().includes(word) && resolve();
        waiting.add(look);
        look();
        void child.then(() => reject(new Error(`it ended before it said ${word}:\n${text}`)));
      }),
  };
}

/** Tell whether a process runs; one that has ended and that nobody has looked at yet does not. */
function isAlive(pid: number): boolean {
  const { stdout } = execaSync("ps", ["-o", "stat=", "-p", String(pid)], { reject: false });
  return stdout.trim() !== "" && !stdout.trim().startsWith("Z");
}

/** A program that was killed leaves what it owned to a reaper; here the test is that. */
function endOwned(pid: number): void {
  if (isAlive(pid)) process.kill(pid, "SIGKILL");
}
