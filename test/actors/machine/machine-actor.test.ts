import { describe, expect, it, onTestFinished } from "vitest";
import type { Behavior, Slot } from "../../../src/actors/kernel/behavior.ts";
import type { Exit, ExitReason } from "../../../src/actors/kernel/exit-reason.ts";
import { createSystem } from "../../../src/actors/kernel/system.ts";
import {
  MachineMemory,
  type MachineMessage,
  machineBehavior,
  machineHandle,
  machineSpawnOptions,
} from "../../../src/actors/machine/machine-actor.ts";
import { manualClock } from "../../../src/actors/manual-clock.ts";
import {
  type RegistryWatcher,
  registryBehavior,
} from "../../../src/actors/registry/registry-actor.ts";
import { MachineUnreachableError } from "../../../src/machines/errors.ts";
import type { Image, Machine } from "../../../src/machines/machine.ts";

interface Made extends Machine {
  readonly number: number;
  isGone: boolean;
  isStopped: boolean;
}

/** An image whose machines say their number and can be made to vanish. */
function images(abilities: (machine: Made) => Partial<Machine> = () => ({})) {
  const made: Made[] = [];
  const image: Image & { fails: boolean; hangs: boolean } = {
    kind: "toy",
    fails: false,
    hangs: false,
    spawn: async ({ signal }) => {
      if (image.fails) throw new MachineUnreachableError("toy", "there is no room");
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

async function machineWorld(abilities?: (machine: Made) => Partial<Machine>) {
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
    const behavior = machineBehavior({ name: "box", image, memory, beforeStop });
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

  it("a machine's actor ends as lost when a command cannot reach the machine, and stops what is left of it", async () => {
    const { start, memory, made, states, exits, clock } = await machineWorld();
    await start().started;
    Object.assign(made[0] ?? {}, { isGone: true });
    await expect(memory.current().exec("ls")).rejects.toThrow(MachineUnreachableError);
    await clock.settle();
    expect(exits).toEqual([
      expect.objectContaining({ class: "lost", code: "machine-unreachable", retryable: true }),
    ]);
    expect(made[0]?.isStopped).toBe(true);
    expect(states).toEqual(["starting", "ready", "unreachable", "backoff"]);
  });

  it("a machine's actor fails its start with the error of the image", async () => {
    const { start, image, states, clock } = await machineWorld();
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
