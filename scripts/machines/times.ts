/*
 * How long a machine of each backend takes to start and to run `true`, beside the bare tool on the same
 * host in the same minute. `npm run test:machines` starts it after its suites, with its engines.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ContainerImage,
  type Image,
  LocalImage,
  SandboxImage,
  SshImage,
} from "../../src/machines/index.ts";
import { startSshd } from "../../test/machines/engines/sshd.ts";

/** A backend, and the words of the tool that it is made of. */
interface Row {
  readonly name: string;
  readonly image: Image;
  /** Starts something and runs `true` in it. */
  readonly start: readonly string[];
  /** Runs `true` in something that runs; `ID` is the container. Default: the same as `start`. */
  readonly exec?: readonly string[] | undefined;
}

const rounds = 7;
const { env } = process;
const folder = mkdtempSync(join(tmpdir(), "rt-times-"));
const columns = ["backend", "spawn", "bare start", "exec", "bare exec"];
const image = env.RAMURE_TEST_IMAGE ?? "";

function container(name: string, program: string, socket: string): Row {
  const words = program === "docker" ? ["docker", "--host"] : ["podman", "--url"];
  const engine = [...words, `unix://${socket}`];
  return {
    name,
    image: new ContainerImage({ image, socket, network: "none" }),
    start: [...engine, "run", "--rm", "--network=none", image, "true"],
    exec: [...engine, "exec", "ID", "true"],
  };
}

async function measured(run: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = performance.now();
    await run();
    times.push(performance.now() - before);
  }
  return times.sort((one, other) => one - other)[Math.floor(rounds / 2)] ?? 0;
}

function bare(words: readonly string[], id = ""): unknown {
  const [file = "", ...args] = words.map((word) => (word === "ID" ? id : word));
  return execFileSync(file, args, { stdio: "ignore" });
}

async function timesOf({ name, image, start, exec }: Row): Promise<readonly string[]> {
  const signal = new AbortController().signal;
  const spawn = await measured(async () => {
    const machine = await image.spawn({ name: "times", signal });
    stopping.push(machine.stop());
  });
  await Promise.all(stopping.splice(0));
  await using machine = await image.spawn({ name: "times", signal });
  const id = /container (\w+)/.exec(machine.summary)?.[1];
  const figures = [
    spawn,
    await measured(() => bare(start)),
    await measured(() => machine.exec(["true"])),
    await measured(() => bare(exec ?? start, id)),
  ];
  return [name, ...figures.map((ms) => `${Math.round(ms)} ms`)];
}

const stopping: Promise<void>[] = [];
const sshd = env.RAMURE_TEST_SSH ? await startSshd() : undefined;
try {
  const { host, port, identity = "" } = sshd?.access ?? { host: "" };
  const ssh = ["ssh", "-p", `${port}`, "-i", identity, "-o", "StrictHostKeyChecking=no"];
  const quiet = [
    "-o",
    "UserKnownHostsFile=/dev/null",
    "-o",
    "LogLevel=ERROR",
    "-o",
    "BatchMode=yes",
  ];
  const bwrap = ["bwrap", "--ro-bind", "/", "/", "--unshare-all", "true"];
  const { RAMURE_TEST_DOCKER: docker, RAMURE_TEST_PODMAN: podman } = env;
  const rows: readonly (Row | undefined)[] = [
    { name: "local", image: new LocalImage({ workDir: folder }), start: ["true"] },
    env.RAMURE_TEST_SANDBOX
      ? { name: "sandbox", image: new SandboxImage({ workDir: folder }), start: bwrap }
      : undefined,
    docker ? container("docker", "docker", docker) : undefined,
    podman ? container("podman", "podman", podman) : undefined,
    sshd
      ? { name: "ssh", image: new SshImage(sshd.access), start: [...ssh, ...quiet, host, "true"] }
      : undefined,
  ];
  const table = [columns];
  for (const row of rows) if (row) table.push([...(await timesOf(row))]);
  const widths = columns.map((_, at) => Math.max(...table.map((line) => line[at]?.length ?? 0)));
  for (const line of table) {
    console.log(
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  }
} finally {
  await sshd?.stop();
  rmSync(folder, { recursive: true, force: true });
}
