import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { machineConformance } from "../../../src/machines/conformance/conformance.ts";
import { LocalImage } from "../../../src/machines/local/local.ts";
import type { ExecOptions, Image, Machine } from "../../../src/machines/machine.ts";
import { scratch } from "../scratch.ts";

const newFolder = scratch();

/** An image whose machines do one thing wrong. */
function broken(fault: (machine: Machine) => Partial<Machine>): Image {
  const sound = new LocalImage({ workDir: newFolder() });
  return {
    kind: "local",
    spawn: async (options) => {
      const machine = await sound.spawn(options);
      const wrong = fault(machine);
      return new Proxy<Machine>(machine, {
        get: (_, key) => {
          const value: unknown = Reflect.get(key in wrong ? wrong : machine, key);
          return typeof value === "function" ? value.bind(machine) : value;
        },
      });
    },
  };
}

const faults: readonly (readonly [string, string, (machine: Machine) => Partial<Machine>])[] = [
  [
    "passes on exit code 41",
    "always succeeds",
    (machine) => ({
      exec: async (command, options) => ({
        ...(await machine.exec(command, options)),
        exitCode: 0,
      }),
    }),
  ],
  [
    "neither adds nor takes line ends",
    "trims its output",
    (machine) => ({
      exec: async (command, options) => {
        const result = await machine.exec(command, options);
        return { ...result, stdout: result.stdout.trimEnd() };
      },
    }),
  ],
  [
    "hands on words as they are",
    "joins words with blanks",
    (machine) => ({
      exec: (command, options) =>
        machine.exec(typeof command === "string" ? command : command.join(" "), options),
    }),
  ],
  [
    "adds to the environment of one command only",
    "keeps the environment",
    (machine) => {
      let kept: ExecOptions["env"] = {};
      return {
        exec: (command, options) => {
          kept = { ...kept, ...options?.env };
          return machine.exec(command, { ...options, env: kept });
        },
      };
    },
  ],
  [
    "replaces a file whole: nobody reads a part, and no draft is left",
    "writes in place",
    (machine) => ({ writeFile: (path, content) => writeInPlace(machine, path, content) }),
  ],
  [
    "can be stopped twice and at once",
    "rejects the second stop",
    (machine) => {
      let stopped = false;
      return {
        stop: async () => {
          if (stopped) throw new Error("stopped already");
          stopped = true;
          await machine.stop();
        },
      };
    },
  ],
  [
    "rejects with the signal's reason when aborted, and leaves nothing",
    "does not heed the signal",
    (machine) => ({
      exec: (command, options) =>
        machine.exec(command, { ...options, signal: undefined, timeoutMs: 500 }),
    }),
  ],
  [
    "fork: copies the work directory to a machine of its own",
    "forks to itself",
    (machine) => ({
      fork: async () => machine,
    }),
  ],
];

async function writeInPlace(
  machine: Machine,
  path: string,
  content: string | Uint8Array,
): Promise<void> {
  await machine.exec(["mkdir", "-p", "watched"]);
  const half = Math.floor(content.length / 2);
  const target = join(machine.workDir, path);
  await writeFile(target, content.slice(0, half));
  await machine.exec(["sleep", "0.02"]);
  await writeFile(target, content);
}

describe("The conformance suite", () => {
  it("the conformance suite has at least 40 cases, each with a title of its own", () => {
    const titles = machineConformance(new LocalImage()).map(({ title }) => title);
    expect(titles.length).toBeGreaterThanOrEqual(40);
    expect(new Set(titles).size).toBe(titles.length);
  });

  it.each(faults)(
    "the conformance suite fails %j for a machine that %s",
    async (title, _, fault) => {
      const cases = machineConformance(() => broken(fault), { fork: true });
      const { run } = cases.find((one) => one.title === title) ?? {};
      expect(run).toBeDefined();
      await expect(run?.()).rejects.toThrow();
    },
  );

  it("the conformance suite fails for an ability that is there and was not said", async () => {
    const cases = machineConformance(() => new LocalImage({ workDir: newFolder() }));
    const { run } = cases.find(({ title }) => title.startsWith("fork:")) ?? {};
    await expect(run?.()).rejects.toThrow(/its abilities do not say so/);
  });
});
