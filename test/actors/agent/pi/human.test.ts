import { execa } from "execa";
import { describe, expect, it } from "vitest";
import type { Harness, Launched } from "../../../../src/actors/agent/wire/harness.ts";
import { systemClock } from "../../../../src/actors/clock.ts";
import {
  type Agent,
  agent,
  agentProcess,
  done,
  expose,
  type Receipt,
  wait,
} from "../../../../src/index.ts";
import { agentMemoryOf } from "../../../../src/supervisors/process/agent.ts";
import { testRun } from "../../../../src/testing.ts";
import { type PiWorld, piWorld } from "./pi-world.ts";

/** A run with one real pi, and somebody who sits at its terminal. */
async function staffed(world: PiWorld) {
  let launched: Launched | undefined;
  const harness: Harness = {
    kind: "pi",
    launch: async (spec) => {
      launched = await world.harness.launch(spec);
      return launched;
    },
    release: async (machine, run) => await world.harness.release?.(machine, run),
  };
  let worker: Agent | undefined;
  const program = agentProcess(async function team() {
    worker = await agent("worker", { policy: { backoff: { initialMs: 1, maxMs: 1 } } });
    expose("stop", () => done());
    await wait();
  });
  const run = await testRun(program, [], { harness, clock: systemClock });
  await expect.poll(() => worker?.state).toBe("idle");
  const words = (readOnly: boolean) => launched?.attach({ readOnly }) ?? [];
  const tmux = async (command: string, ...more: readonly string[]) => {
    const argv = words(false);
    const socket = argv[argv.indexOf("-S") + 1] ?? "";
    const { stdout } = await execa("tmux", [
      ...["-S", socket, command, "-t", `${argv.at(-1)}:`],
      ...more,
    ]);
    return stdout;
  };
  const keys = (...pressed: readonly string[]) => tmux("send-keys", ...pressed);
  if (!worker) throw new Error("no worker");
  return {
    worker,
    words,
    keys,
    screen: () => tmux("capture-pane", "-p"),
    type: async (line: string) => {
      await keys("-l", line);
      await keys("Enter");
    },
    event: (type: string, is: (data: Record<string, unknown>) => boolean = () => true) =>
      worker?.events.waitFor(type, {
        where: (event) => is(event.data as Record<string, unknown>),
        timeoutMs: 30_000,
      }),
    end: async () => {
      await run.handle.call("stop");
      await run.finished();
    },
  };
}

/** The first lines of what the user's side said, in the last request. */
function said(world: PiWorld): readonly (string | undefined)[] {
  const { messages = [] } = world.model.requests.at(-1) ?? {};
  return messages.filter(({ role }) => role === "user").map(({ text }) => text.split("\n")[0]);
}

const answered = async (receipt: Receipt) => (await receipt.turn()).text;

describe("a person at the terminal of a real pi", () => {
  it("a person at the terminal of a real pi is heard as such, and confuses neither what is sent nor what is answered", async () => {
    await using world = await piWorld();
    const { worker, type, event, end } = await staffed(world);
    const slow = await worker.send("FIRST\n!sleep 1500\n!say one");
    await event("turn-started");
    await type("typed by hand !say typed");
    const next = await worker.send("SECOND\n!say two");
    expect(await answered(next)).toBe("two");
    await slow.turn();
    await event(
      "message",
      ({ origin, text }) => origin === "interactive" && String(text).startsWith("typed"),
    );
    const messages = [];
    for (const { type: kind, data } of recent(worker)) if (kind === "message") messages.push(data);
    const ours = messages.filter((data) => (data as { origin: string }).origin === "extension");
    expect(ours).toHaveLength(2);
    await end();
  });

  it("a person at the terminal of a real pi may begin another session, load the extension again or fork: what is sent still arrives", async () => {
    await using world = await piWorld();
    const { worker, type, event, end, keys } = await staffed(world);
    expect(await answered(await worker.send("A\n!say a"))).toBe("a");
    for (const command of ["/new", "/reload"]) {
      const replaced = event("session-replaced", ({ reason }) => reason === command.slice(1));
      await type(command);
      await replaced;
      expect(await answered(await worker.send(`${command}\n!say after`))).toBe("after");
    }
    await type("/fork");
    await keys("Enter");
    expect(await answered(await worker.send("F\n!say forked"))).toBe("forked");
    expect(worker.state).toBe("idle");
    expect(recent(worker).filter(({ type: kind }) => kind === "exited")).toEqual([]);
    await end();
  });

  it("a person at the terminal of a real pi may break a turn off: what was sent to steer it and to follow it comes after it, once", async () => {
    await using world = await piWorld();
    const { worker, keys, screen, end } = await staffed(world);
    await worker.send("A\n!say a").then(answered);
    const broken = await worker.send("B\n!sleep 110000");
    await broken.delivered();
    const steer = await worker.send("STEER\n!say steered", { deliver: "steer" });
    const follow = await worker.send("FOLLOW\n!say followed");
    await expect.poll(screen).toContain("STEER");
    await keys("Escape");
    await Promise.all([broken.turn(), steer.turn(), follow.turn()]);
    await expect.poll(() => worker.state).toBe("idle");
    expect([...said(world)].sort()).toEqual(["A", "B", "FOLLOW", "STEER"]);
    await end();
  });

  it("a person at the terminal of a real pi may begin another session in the middle of a turn: nobody waits for that turn for ever", async () => {
    await using world = await piWorld();
    const { worker, type, event, end } = await staffed(world);
    await worker.send("A\n!say a").then(answered);
    const broken = await worker.send("B\n!sleep 110000");
    await broken.delivered();
    const replaced = event("session-replaced");
    await type("/new");
    await replaced;
    await broken.turn();
    await expect.poll(() => worker.state).toBe("idle");
    expect(await answered(await worker.send("C\n!say c"))).toBe("c");
    expect(said(world)).toEqual(["C"]);
    await end();
  });

  it("a person at the terminal of a real pi may go back to an earlier session: what is sent goes on there, and so does a restart", async () => {
    await using world = await piWorld();
    const { worker, type, event, end, keys, screen } = await staffed(world);
    const session = () => agentMemoryOf(worker).conversation?.id;
    await worker.send("HERON\n!say one").then(answered);
    const heron = session();
    const left = event("session-replaced", ({ reason }) => reason === "new");
    await type("/new");
    await left;
    await worker.send("STORK\n!say two").then(answered);
    const stork = session();
    expect(stork).not.toBe(heron);

    await type("/resume");
    await expect.poll(screen).toContain("HERON !say");
    await keys("-l", "HERON");
    await expect.poll(screen).not.toContain("STORK !say");
    const resumed = event("session-replaced", ({ reason }) => reason === "resume");
    await keys("Enter");
    await resumed;
    expect(await answered(await worker.send("A\n!say three"))).toBe("three");
    expect(session()).toBe(heron);
    expect(said(world)).toEqual(["HERON", "A"]);

    await worker.restart();
    expect(await answered(await worker.send("B\n!say four"))).toBe("four");
    expect(session()).toBe(heron);
    expect(said(world)).toEqual(["HERON", "A", "B"]);
    await end();
  });

  it("a person at the terminal of a real pi may quit: it is started again, and goes on with the same session", async () => {
    await using world = await piWorld();
    const { worker, type, event, end } = await staffed(world);
    await worker.send("A\n!say a").then(answered);
    const started = await worker.events.waitFor("started");
    const { pid: first, session } = started.data as { pid: number; session: string };
    await type("/quit");
    const again = await event("started", ({ pid }) => pid !== first);
    expect(again?.data).toMatchObject({ session });
    expect(await answered(await worker.send("B\n!say b"))).toBe("b");
    await end();
  });

  it("a person at the terminal of a real pi may only look, where the terminal is read-only", async () => {
    await using world = await piWorld();
    const { worker, words, end } = await staffed(world);
    const viewer = ["-S", `${world.root}/viewer`];
    const tmux = async (...argv: readonly string[]) =>
      (await execa("tmux", [...viewer, ...argv], { env: { TERM: "xterm-256color" } })).stdout;
    await tmux("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "36", ...words(true));
    try {
      await expect.poll(() => tmux("capture-pane", "-p")).toContain("ramure: /team/worker");
      await tmux("send-keys", "-l", "typed by who may only look");
      await tmux("send-keys", "Enter");
      expect(await answered(await worker.send("A\n!sleep 700\n!say a"))).toBe("a");
      expect(await tmux("capture-pane", "-p")).not.toContain("may only look");
      const messages = recent(worker).filter(({ type }) => type === "message");
      expect(messages.map(({ data }) => (data as { origin: string }).origin)).toEqual([
        "extension",
      ]);
    } finally {
      await tmux("kill-server");
    }
    await end();
  });
});

const recent = (worker: Agent) => agentMemoryOf(worker).events.recent();
