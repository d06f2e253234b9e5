import { describe, expect, it, onTestFinished } from "vitest";
import { createStartGate } from "../../../src/actors/agent/actor/start-gate.ts";
import type { Behavior, Slot } from "../../../src/actors/kernel/behavior.ts";
import type { Exit, ExitReason } from "../../../src/actors/kernel/exit-reason.ts";
import { createSystem } from "../../../src/actors/kernel/system.ts";
import {
  MachineMemory,
  type MachineMessage,
  machineBehavior,
  machineHandle,
  machineSpawnOptions,
} from "../../../src/actors/machine/index.ts";
import type { MachineSpec } from "../../../src/actors/machine/machine-actor.ts";
import { manualClock } from "../../../src/actors/manual-clock.ts";
import {
  type RegistryWatcher,
  registryBehavior,
} from "../../../src/actors/registry/registry-actor.ts";
import { MachineUnreachableError, UnsupportedError } from "../../../src/machines/errors.ts";
import type { Image, Machine, SpawnMachineOptions } from "../../../src/machines/machine.ts";

interface Made extends Machine {
  readonly number: number;
  isGone: boolean;
  isStopped: boolean;
}

/** An image whose machines say their number and can be made to vanish. */
function images(abilities: (machine: Made) => Partial<Machine> = () => ({})) {
  const made: Made[] = [];
  const image: Image & { fails: number | boolean; hangs: boolean; asked: SpawnMachineOptions[] } = {
    kind: "toy",
    fails: false,
    hangs: false,
    asked: [],
    spawn: async (options) => {
      const { signal } = options;
      image.asked.push(options);
      if (typeof image.fails === "number" && image.fails-- > 0) {
        throw new MachineUnreachableError("toy", "there is no room");
      }
      if (image.fails === true) throw new MachineUnreachableError("toy", "there is no room");
      if (image.hangs) {
        await new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      }
      const machine = toy(made.length + 1);
      made.push(Object.assign(machine, abilities(machine)));
      return machine;
    },
  };
  return { image, made };
}

function toy(number: number): Made {
  const result = { stderr: "", exitCode: 0, timedOut: false, ok: true };
  const machine: Made = {
    number,
    isGone: false,
    isStopped: false,
    kind: "toy",
    summary: `toy ${number}`,
    workDir: "/toy",
    exec: async (command) => {
      if (machine.isGone) throw new MachineUnreachableError("toy", "it vanished");
      return { ...result, stdout: `${number}: ${command}` };
    },
    writeFile: async () => {},
    readFile: async (path) => new TextEncoder().encode(path),
    stop: async () => {
      machine.isStopped = true;
    },
    [Symbol.asyncDispose]: () => machine.stop(),
  };
  return machine;
}

async function machineWorld(
  abilities?: (machine: Made) => Partial<Machine>,
  more: Partial<MachineSpec> = {},
) {
  const clock = manualClock();
  const system = createSystem({ clock });
  const registry = system.spawn(registryBehavior(), { name: "registry" });
  const states: string[] = [];
  const watcher: RegistryWatcher = (change) => {
    if (change.type === "changed" && change.node.state !== states.at(-1)) {
      states.push(change.node.state);
    }
  };
  registry.send({ type: "watch", watcher });
  const memory = new MachineMemory({ clock, path: "/keeper/box", registry });
  const { image, made } = images(abilities);
  const exits: ExitReason[] = [];
  let slot: Slot<MachineMessage, Exit> | undefined;
  const keeper: Behavior<Exit, undefined> = {
    init: (context) => {
      slot = context.slot({ name: "box", kind: "machine" });
      return undefined;
    },
    receive: (state, exit) => {
      exits.push(exit.reason);
      return state;
    },
  };
  await system.spawn(keeper, { name: "keeper" }).started;
  onTestFinished(() => system.stop());
  const cleaned: string[] = [];
  const beforeStop = async (machine: Machine) => {
    cleaned.push((await machine.exec("clean")).stdout);
  };
  const start = () => {
    if (!slot) throw new Error("the keeper has no slot");
    const behavior = machineBehavior({ name: "box", image, memory, beforeStop, ...more });
    return slot.start(behavior, { ...machineSpawnOptions, onExit: (exit) => exit });
  };
  return { clock, memory, image, made, exits, states, cleaned, start };
}

describe("a machine's actor", () => {
  it("a machine's actor spawns the image, lends the machine, and stops it at its end", async () => {
    const { start, memory, made, states, cleaned, clock } = await machineWorld();
    const ref = start();
    await ref.started;
    expect(memory.current()).toMatchObject({ kind: "toy", summary: "toy 1", workDir: "/toy" });
    expect((await memory.current().exec("ls")).stdout).toBe("1: ls");
    await ref.stop();
    await clock.settle();
    expect(made[0]?.isStopped).toBe(true);
    expect(cleaned).toEqual(["1: clean"]);
    expect(states).toEqual(["starting", "ready", "stopping", "stopped"]);
    expect(() => memory.current()).toThrow(MachineUnreachableError);
  });

  it("ends as lost when it does not answer for the grace, and stops what is left of it", async () => {
    const { start, memory, made, states, exits, clock } = await machineWorld();
    await start().started;
    Object.assign(made[0] ?? {}, { isGone: true });
    await expect(memory.current().exec("ls")).rejects.toThrow(MachineUnreachableError);
    await clock.advance(29_999);
    expect(states).toEqual(["starting", "ready", "unreachable"]);
    await clock.advance(1);
    expect(exits).toEqual([
      expect.objectContaining({ class: "lost", code: "machine-unreachable", retryable: true }),
    ]);
    expect(made[0]?.isStopped).toBe(true);
    expect(states).toEqual(["starting", "ready", "unreachable", "backoff"]);
  });

  it("ends at once when it is certain that it is gone", async () => {
    const { start, memory, made, states, exits, clock } = await machineWorld();
    await start().started;
    const error = new MachineUnreachableError("toy", "it was killed", { gone: true });
    Object.assign(made[0] ?? {}, { exec: async () => Promise.reject(error) });
    await expect(memory.current().exec("ls")).rejects.toThrow("it was killed");
    await clock.settle();
    expect(exits).toEqual([expect.objectContaining({ class: "lost" })]);
    expect(states).toEqual(["starting", "ready", "unreachable", "backoff"]);
  });

  it("stays when it answers again within the grace", async () => {
    const { start, memory, made, states, exits, clock } = await machineWorld();
    await start().started;
    Object.assign(made[0] ?? {}, { isGone: true });
    await expect(memory.current().exec("ls")).rejects.toThrow(MachineUnreachableError);
    await clock.advance(5_000);
    Object.assign(made[0] ?? {}, { isGone: false });
    await clock.advance(60_000);
    expect(states).toEqual(["starting", "ready", "unreachable", "ready"]);
    expect(exits).toEqual([]);
    expect((await memory.current().exec("ls")).stdout).toBe("1: ls");
  });

  it("is probed at intervals, where it can be", async () => {
    let probes = 0;
    const { start, made, states, clock } = await machineWorld(
      (machine) => ({
        probe: async () => {
          probes += 1;
          await machine.exec("probe");
        },
      }),
      { health: { everyMs: 60_000, graceMs: 3_000 } },
    );
    await start().started;
    await clock.advance(120_000);
    expect(probes).toBe(2);
    Object.assign(made[0] ?? {}, { isGone: true });
    await clock.advance(60_000);
    expect(states.at(-1)).toBe("unreachable");
    await clock.advance(3_000);
    expect(states.at(-1)).toBe("backoff");
  });

  it("counts as unreachable when a probe is not answered at all", async () => {
    const { start, states, exits, clock } = await machineWorld(() => ({
      probe: () => new Promise(() => {}),
    }));
    await start().started;
    await clock.advance(30_000 + 20_000);
    expect(states.at(-1)).toBe("unreachable");
    await clock.advance(30_000);
    expect(exits).toEqual([
      expect.objectContaining({ message: expect.stringContaining("did not answer for 20 s") }),
    ]);
  });

  it("has its lease renewed at each third of it, and tells the backend how long that is", async () => {
    const renewed: number[] = [];
    const { start, image, clock } = await machineWorld(
      () => ({ renew: async (ttlMs) => void renewed.push(ttlMs) }),
      { ttlMs: 90_000 },
    );
    const ref = start();
    await ref.started;
    expect(image.asked[0]).toMatchObject({ ttlMs: 90_000 });
    await clock.advance(60_000);
    expect(renewed).toEqual([90_000, 90_000]);
    await ref.stop();
    await clock.advance(90_000);
    expect(renewed).toHaveLength(2);
  });

  it("tries a first spawn three times, after 1 and 2 s, and a later one once", async () => {
    const { start, image, made, states, clock } = await machineWorld();
    image.fails = 2;
    const ref = start();
    await clock.advance(1_000);
    expect(image.asked).toHaveLength(2);
    expect(states).toEqual(["starting", "backoff", "starting", "backoff"]);
    await clock.advance(2_000);
    await ref.started;
    expect(states.slice(4)).toEqual(["starting", "ready"]);
    await ref.stop();
    image.fails = 1;
    await expect(start().started).rejects.toThrow("there is no room");
    expect(made).toHaveLength(1);
  });

  it("does not try again what no other spawn could do", async () => {
    const { start, image, clock } = await machineWorld();
    image.spawn = async (options) => {
      image.asked.push(options);
      throw new UnsupportedError("toy", "spawn");
    };
    await expect(start().started).rejects.toThrow(UnsupportedError);
    await clock.advance(60_000);
    expect(image.asked).toHaveLength(1);
  });

  it("is spawned in its turn", async () => {
    const gate = createStartGate(1);
    const leave = await gate.enter(new AbortController().signal);
    const { start, image, clock } = await machineWorld(undefined, { gate });
    const ref = start();
    await clock.settle();
    expect(image.asked).toEqual([]);
    leave();
    await ref.started;
    (await gate.enter(new AbortController().signal))();
  });

  it("takes up a machine of an earlier program first, and spawns one when that is gone", async () => {
    const record = { kind: "toy", workDir: "/toy", identity: { id: "7" } };
    const { start, image, made, memory } = await machineWorld(undefined, { adopt: record });
    const taken: unknown[] = [];
    image.adopt = async (found, options) => {
      taken.push(found);
      return taken.length === 1 ? Object.assign(toy(7), { workDir: options.name }) : undefined;
    };
    const first = start();
    await first.started;
    expect(memory.summary).toBe("toy 7");
    await first.stop();
    await start().started;
    expect(taken).toEqual([record]);
    expect([memory.summary, made.length]).toEqual(["toy 1", 1]);
  });

  it("spawns one when the earlier program's is gone", async () => {
    const record = { kind: "toy", workDir: "/toy" };
    const { start, image, memory } = await machineWorld(undefined, { adopt: record });
    image.adopt = async () => undefined;
    await start().started;
    expect(memory.summary).toBe("toy 1");
  });

  it("records what would stay of it before it is made, then with the machine's own words", async () => {
    const recorded: unknown[] = [];
    const { start, image } = await machineWorld(undefined, {
      record: async (remains, on) => void recorded.push([remains.name, on, image.asked.length]),
    });
    const { spawn } = image;
    image.spawn = async (options) => {
      await options.record?.({ kind: "toy", name: "t1" });
      return await spawn(options);
    };
    await start().started;
    expect(recorded).toEqual([
      ["t1", undefined, 0],
      ["t1", "toy 1", 1],
    ]);
  });

  it("fails its start with the error of the image", async () => {
    const { start, image, states, clock } = await machineWorld(undefined, { startAttempts: 1 });
    image.fails = true;
    await expect(start().started).rejects.toThrow("there is no room");
    await clock.settle();
    expect(states).toEqual(["starting", "backoff"]);
  });

  it("a machine's actor can be stopped while it starts", async () => {
    const { start, image, states, clock } = await machineWorld();
    image.hangs = true;
    const ref = start();
    ref.started.catch(() => {});
    await clock.settle();
    await ref.stop();
    await clock.settle();
    expect(states).toEqual(["starting", "stopping", "stopped"]);
  });

  it("a machine's actor does not take the end of an earlier machine for its own", async () => {
    const { start, memory, made, exits, clock } = await machineWorld();
    const first = start();
    await first.started;
    const old = memory.current();
    await first.stop();
    await start().started;
    Object.assign(made[0] ?? {}, { isGone: true });
    await expect(old.exec("ls")).rejects.toThrow(MachineUnreachableError);
    await clock.settle();
    expect(exits).toHaveLength(1);
  });
});

describe("a machine's handle", () => {
  it("a machine's handle stands for the machine of the moment, and waits while there is none", async () => {
    const { start, memory } = await machineWorld();
    const first = start();
    await first.started;
    const handle = machineHandle(memory, async () => {});
    await first.stop();
    const waiting = handle.exec("ls");
    await start().started;
    expect((await waiting).stdout).toBe("2: ls");
    expect((await handle.exec(["ls"])).stdout).toBe("2: ls");
  });

  it("a machine's handle gives up its wait when the signal aborts, or when there will be no machine", async () => {
    const { start, memory } = await machineWorld();
    const first = start();
    await first.started;
    const handle = machineHandle(memory, async () => {});
    await first.stop();
    const abort = new AbortController();
    const given = handle.exec("ls", { signal: abort.signal });
    abort.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
    const waiting = handle.readFile("a");
    memory.end("its program stopped it");
    await expect(waiting).rejects.toThrow("its program stopped it");
    await expect(handle.exec("ls")).rejects.toThrow(MachineUnreachableError);
  });

  it("a machine's handle has the abilities of its machine and no others", async () => {
    const { start, memory, made } = await machineWorld((machine) => ({
      shell: () => ["enter", String(machine.number)],
      fork: async () => machine,
    }));
    const first = start();
    await first.started;
    const handle = machineHandle(memory, async () => {});
    expect([handle.snapshot, handle.duplex, handle.reach]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(handle.shell?.()).toEqual(["enter", "1"]);
    await first.stop();
    await start().started;
    expect(handle.shell?.()).toEqual(["enter", "2"]);
    expect(await handle.fork?.()).toBe(made[1]);
  });

  it("a machine's handle is stopped by whoever keeps it", async () => {
    const { start, memory } = await machineWorld();
    await start().started;
    let isStopped = false;
    const handle = machineHandle(memory, async () => {
      isStopped = true;
    });
    await handle.stop();
    expect(isStopped).toBe(true);
  });
});
