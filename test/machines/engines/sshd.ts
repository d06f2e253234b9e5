import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SshOptions } from "../../../src/machines/ssh/ssh.ts";

/** An sshd of the suite's own, with keys made for it. */
export interface TestSshd {
  /** What an SshImage needs to get in. */
  readonly access: SshOptions;
  /** Another host's key, for what must be refused. */
  readonly wrongKnownHosts: string;
  /** A key that is not let in. */
  readonly wrongIdentity: string;
  /** End the server and every connection of it; what runs at their ends lives on. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  stop(): Promise<void>;
}

export interface SshdOptions {
  readonly namespace?: string;
  readonly address?: string;
  /** A folder of this host that is empty there. */
  readonly hidden?: string | undefined;
  /** More lines of its configuration, which come first. */
  readonly more?: readonly string[];
  /** Added to the server's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Start sshd on a loopback port, or at an address in a network namespace. */
export async function startSshd(where: SshdOptions = {}): Promise<TestSshd> {
  const { namespace, address = "127.0.0.1", hidden, more = [], env = {} } = where;
  const folder = mkdtempSync(join(tmpdir(), "rt-sshd-"));
  for (const name of ["host", "other", "mine", "strange"]) makeKey(join(folder, name));
  writeFileSync(join(folder, "authorized"), readFileSync(join(folder, "mine.pub")));
  // A login that talks, as many do; and not the one of whoever runs the suites, which may take long.
  writeFileSync(join(folder, ".bashrc"), "echo 'Welcome to this host'; echo 'Mind the step' >&2\n");
  const port = namespace === undefined ? await freePort() : 2222;
  const config = join(folder, "config");
  writeFileSync(config, [...more, configOf({ folder, port, address })].join("\n"));
  mkdirSync("/run/sshd", { recursive: true });
  const inside = namespace === undefined ? [] : ["ip", "netns", "exec", namespace];
  // A folder of this host that the other one has not.
  const script = 'mount --make-rprivate / && mount -t tmpfs none "$1" && shift && exec "$@"';
  const apart = hidden === undefined ? [] : ["unshare", "-m", "sh", "-c", script, "sh", hidden];
  const words = ["/usr/sbin/sshd", "-D", "-e", "-f", config];
  const [command = "", ...args] = [...inside, ...apart, ...words];
  const start = () => {
    const log: string[] = [];
    const child = spawn(command, args, {
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
      env: { ...process.env, ...env },
    });
    child.stderr.on("data", (chunk: Buffer) => log.push(String(chunk)));
    return { child, up: untilItListens({ address, port, sshd: child, log }) };
  };
  let sshd = start();
  await sshd.up;
  const knownHosts = (name: string) =>
    `[${address}]:${port} ${readFileSync(join(folder, `${name}.pub`), "utf8")}`;
  return {
    access: { host: address, port, identity: join(folder, "mine"), knownHosts: knownHosts("host") },
    wrongKnownHosts: knownHosts("other"),
    wrongIdentity: join(folder, "strange"),
    cut: () => ended(sshd.child),
    restore: async () => {
      sshd = start();
      await sshd.up;
    },
    stop: async () => {
      await ended(sshd.child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The server, and those that it started for each connection: they lead groups of their own. */
async function ended(sshd: ChildProcess): Promise<void> {
  if (sshd.exitCode !== null || sshd.signalCode !== null || sshd.pid === undefined) return;
  const over = new Promise((resolve) => sshd.once("exit", resolve));
  const children = childrenOf(String(sshd.pid));
  process.kill(sshd.pid, "SIGKILL");
  for (const pid of children) {
    for (const one of [pid, ...childrenOf(pid)]) kill(Number(one));
  }
  await over;
}

function childrenOf(pid: string): readonly string[] {
  try {
    return execFileSync("ps", ["-o", "pid=,comm=", "--ppid", pid], { encoding: "utf8" })
      .split("\n")
      .filter((line) => line.endsWith("sshd"))
      .map((line) => line.trim().split(" ")[0] ?? "");
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

function makeKey(file: string): void {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
}

function configOf(of: {
  readonly folder: string;
  readonly port: number;
  readonly address: string;
}): string {
  return `Port ${of.port}
ListenAddress ${of.address}
HostKey ${of.folder}/host
AuthorizedKeysFile ${of.folder}/authorized
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
SetEnv HOME=${of.folder}
`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}

interface Listening {
  readonly address: string;
  readonly port: number;
  readonly sshd: ChildProcess;
  readonly log: readonly string[];
}

async function untilItListens({ address, port, sshd, log }: Listening): Promise<void> {
  for (let round = 0; round < 400; round += 1) {
    if (sshd.exitCode !== null) throw new Error(`sshd ended: ${log.join("")}`);
    const isUp = await new Promise<boolean>((resolve) => {
      const client = connect({ host: address, port }, () => resolve(true));
      client.once("error", () => resolve(false));
      client.once("connect", () => client.destroy());
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("sshd does not listen");
}
