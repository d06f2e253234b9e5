import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fetchFile, sendFile } from "../carry.ts";
import { startSubprocess } from "../local/index.ts";
import type { Duplex, Machine } from "../machine.ts";
import {
  type Bench,
  everyByte,
  expectNoneLeft,
  rejectsWith,
  spawnFrom,
  type Trial,
  timed,
  uniqueSeconds,
} from "./kit.ts";

/** The cases about start and end that every machine must hold. */
export const lifeTrials: readonly (readonly [string, Trial])[] = [
  [
    "says what it is",
    async ({ machine, image }) => {
      assert.equal(machine.kind, image.kind);
      assert.notEqual(machine.summary, "");
      assert.ok(machine.workDir.startsWith("/"));
    },
  ],
  [
    "rejects the start with the reason when aborted before",
    async ({ image }) => {
      const reason = new Error("no machine wanted");
      const spawned = image.spawn({ name: "never", signal: AbortSignal.abort(reason) });
      await assert.rejects(spawned, (error) => error === reason);
    },
  ],
  [
    "puts the marks of the run into every command's environment",
    async ({ image }) => {
      const env = { RAMURE_RUN: "run1", RAMURE_HOME: "/h" };
      const signal = new AbortController().signal;
      await using machine = await image.spawn({ name: "marked", signal, env });
      const { stdout } = await machine.exec('echo "$RAMURE_RUN $RAMURE_HOME"', {
        env: { RAMURE_RUN: "another" },
      });
      assert.equal(stdout, "run1 /h\n");
    },
  ],
  [
    "can be stopped twice and at once",
    async ({ machine }) => {
      await Promise.all([machine.stop(), machine.stop()]);
      await machine.stop();
    },
  ],
  [
    "rejects everything after the stop",
    async ({ machine }) => {
      await machine.stop();
      await rejectsWith("machine-stopped", machine.exec(["true"]));
      await rejectsWith("machine-stopped", machine.readFile("x"));
      await rejectsWith("machine-stopped", machine.writeFile("x", ""));
      if (machine.duplex) await rejectsWith("machine-stopped", machine.duplex(["cat"]));
      if (machine.fork) await rejectsWith("machine-stopped", machine.fork());
      if (machine.reach) await rejectsWith("machine-stopped", machine.reach("/tmp/x"));
    },
  ],
  [
    "stops in the middle of commands, which then reject",
    async ({ machine, image, abilities }) => {
      const seconds = uniqueSeconds();
      const running = [`sleep ${seconds}`, `trap '' TERM; sleep ${seconds} | cat`].map((line) =>
        rejectsWith("machine-stopped", machine.exec(line)),
      );
      await machine.exec(["true"]);
      const { ms } = await timed(() => machine.stop());
      assert.ok(ms < 6_000 + (abilities.slackMs ?? 4_000), `took ${ms} ms`);
      await Promise.all(running);
      await using other = await spawnFrom(image);
      await expectNoneLeft(other, seconds);
    },
  ],
  [
    "ends what was left in the background when it stops",
    async ({ machine, image }) => {
      const seconds = uniqueSeconds();
      await machine.exec(`sleep ${seconds} >/dev/null 2>&1 &`);
      await machine.exec(`trap '' HUP; setsid sleep ${seconds} >/dev/null 2>&1 & sleep 0.2`);
      await machine.stop();
      await using other = await spawnFrom(image);
      await expectNoneLeft(other, seconds);
    },
  ],
  [
    "leaves other machines of the image alone when it stops",
    async ({ machine, image }) => {
      const other = await spawnFrom(image);
      const running = machine.exec("sleep 0.5; echo lives");
      await other.stop();
      assert.equal((await running).stdout, "lives\n");
    },
  ],
  [
    "stops at the end of `await using`",
    async ({ image }) => {
      let outer: Machine;
      {
        await using machine = await spawnFrom(image);
        outer = machine;
      }
      await rejectsWith("machine-stopped", outer.exec(["true"]));
    },
  ],
];

/**
 * The cases about abilities: a machine that has one must hold them; where an ability is not named,
 * the method must be absent.
 */
export const abilityTrials: readonly (readonly [string, Trial])[] = [
  ...ability("duplex", "streams every byte both ways", async ({ machine }) => {
    const duplex = await opened(machine, ["cat"]);
    duplex.input.write(everyByte(8));
    await once(duplex.output, "readable");
    duplex.input.end(everyByte(4_000));
    assert.deepEqual(await bytesOf(duplex), everyByte(4_008));
    assert.equal((await duplex.exited).exitCode, 0);
  }),
  ...ability("duplex", "tells how a streaming command ended", async ({ machine }) => {
    const duplex = await opened(machine, ["sh", "-c", "cat >/dev/null; echo why >&2; exit 41"]);
    duplex.input.end();
    duplex.output.resume();
    assert.deepEqual(await duplex.exited, { exitCode: 41, stderr: "why\n" });
    const missing = await opened(machine, ["no-such-program-anywhere"]);
    assert.equal((await missing.exited).exitCode, 127);
  }),
  ...ability("duplex", "kills a streaming command, and ends it when it stops", async (bench) => {
    const [killed, stopped] = [uniqueSeconds(), uniqueSeconds()];
    const first = await opened(bench.machine, ["sh", "-c", `sleep ${killed}; true`]);
    first.kill();
    assert.notEqual((await first.exited).exitCode, 0);
    await expectNoneLeft(bench.machine, killed);
    const second = await opened(bench.machine, ["sh", "-c", `sleep ${stopped}; true`]);
    await bench.machine.stop();
    assert.notEqual((await second.exited).exitCode, 0);
    await using other = await spawnFrom(bench.image);
    await expectNoneLeft(other, stopped);
  }),
  ...ability(
    "duplex",
    "carries files of this host there and back, with their hash",
    async ({ machine }) => {
      const folder = await mkdtemp(join(tmpdir(), "ramure-carry-"));
      const [one, other] = [join(folder, "one"), join(folder, "it's another")];
      try {
        const content = everyByte(80_000);
        await writeFile(one, content);
        const hash = createHash("sha256").update(content).digest("hex");
        assert.equal(await sendFile(machine, one, "in a folder/-large"), hash);
        assert.equal(await fetchFile(machine, "in a folder/-large", other), hash);
        assert.ok(content.equals(await readFile(other)), "the file changed on its way");
        await rejectsWith("machine-file", fetchFile(machine, "absent", other));
        await rejectsWith("machine-file", sendFile(machine, one, "in a folder"));
        await rejectsWith("machine-file", sendFile(machine, join(folder, "absent"), "x"));
        assert.equal((await machine.exec(["ls", "-A", "in a folder"])).stdout, "-large\n");
        assert.deepEqual((await readdir(folder)).sort(), ["it's another", "one"]);
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  ),
  ...ability("shell", "gives words that get in", async ({ machine }) => {
    await machine.writeFile("it's here", "");
    const words = machine.shell?.(["sh", "-c", 'ls; printf "<%s>" "$@"', "sh", "a b", "$HOME"]);
    const entered = startSubprocess(words ?? [], { cwd: tmpdir(), env: process.env });
    assert.match((await entered.result).stdout, /it's here\n(.*\n)*<a b><\$HOME>$/);
    assert.ok((machine.shell?.() ?? []).length > 0);
  }),
  ...ability("reach", "finds a Unix socket of this host", async ({ machine }) => {
    const folder = await mkdtemp(join(tmpdir(), "ramure-reach-"));
    const server = createServer((client) => client.end("from the host"));
    try {
      server.listen(join(folder, "s"));
      await once(server, "listening");
      await using reach = await machine.reach?.(join(folder, "s"));
      const code = "require('net').connect(process.argv[1]).pipe(process.stdout)";
      const result = await machine.exec(["node", "-e", code, reach?.socket ?? ""]);
      assert.equal(result.stdout, "from the host");
    } finally {
      server.close();
      await rm(folder, { recursive: true });
    }
  }),
  ...ability("fork", "copies the work directory to a machine of its own", async ({ machine }) => {
    await machine.writeFile("shared/file", "before");
    await using fork = await machine.fork?.();
    assert.ok(fork);
    await fork.writeFile("shared/file", "in the fork");
    await machine.writeFile("shared/new", "");
    const read = async (from: Machine) => (await from.exec("cat shared/file; ls shared")).stdout;
    assert.equal(await read(fork), "in the forkfile\n");
    assert.equal(await read(machine), "beforefile\nnew\n");
  }),
];

type Ability = "duplex" | "shell" | "reach" | "fork";

function ability(name: Ability, title: string, trial: Trial): readonly [readonly [string, Trial]] {
  const either = async (bench: Bench): Promise<void> => {
    if (bench.abilities[name]) return trial(bench);
    assert.equal(
      bench.machine[name],
      undefined,
      `it has ${name}() and its abilities do not say so`,
    );
  };
  return [[`${name}: ${title}`, either]];
}

async function opened(machine: Machine, command: readonly string[]): Promise<Duplex> {
  assert.ok(machine.duplex);
  return machine.duplex(command);
}

async function bytesOf(duplex: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of duplex.output) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
