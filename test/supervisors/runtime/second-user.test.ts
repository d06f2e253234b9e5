import { chmod, lstat, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { programOf } from "../../setup/programs.ts";

const fixture = "test/fixtures/secretive.ts";
/** `nobody`, who has no right to anything of ours. */
const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];

const canBeNobody = await execa("setpriv", [...asNobody.slice(1), process.execPath, "-v"], {
  reject: false,
});

/** Prints what became of each path, as JSON: `open` when it could be listed, read or connected to. */
const tryAll = `
const { connect } = require("node:net");
const { lstatSync, openSync, readdirSync, writeFileSync } = require("node:fs");
const said = (error) => error.code;
const dial = (path) => new Promise((resolve) => {
  const socket = connect(path, () => { socket.destroy(); resolve("open"); });
  socket.on("error", (error) => resolve(said(error)));
});
const attempt = async ([kind, path]) => {
  try {
    if (kind === "socket") return await dial(path);
    if (kind === "directory") readdirSync(path);
    else openSync(path, "r");
    return "open";
  } catch (error) {
    return said(error);
  }
};
(async () => {
  const found = [];
  for (const entry of JSON.parse(process.argv[1])) found.push([entry[1], await attempt(entry)]);
  console.log(JSON.stringify(found));
})();
`;

/*
 * The folder of the home is open to all, so that nothing but the home itself keeps others out; in the
 * second part the home is thrown open, too, and only the sockets and files do.
 */
describe.runIf(canBeNobody.exitCode === 0)("another user of the host", () => {
  let folder = "";
  let home = "";
  let program: ReturnType<typeof start>;

  beforeAll(async () => {
    folder = await mkdtemp("/tmp/ramure-user-");
    await chmod(folder, 0o755);
    home = join(folder, "home");
    await mkdir(join(folder, "tmp"));
    program = start(home, join(folder, "tmp"));
    await ready(program);
  });

  afterAll(async () => {
    program.kill("SIGTERM");
    await program;
    await rm(folder, { recursive: true, force: true });
  });

  it("another user of the host can list, read and dial nothing of a run with a real pi: each is refused", async () => {
    const entries = await entriesOf(home);
    const kinds = entries.map(([kind]) => kind);
    // The control socket, the bridge's and tmux's.
    expect(kinds.filter((kind) => kind === "socket")).toHaveLength(3);
    expect(kinds.filter((kind) => kind === "file").length).toBeGreaterThan(5);
    const found = await nobodyTries([["directory", home], ...entries]);
    expect(found.filter(([, what]) => what !== "EACCES")).toEqual([]);
    expect(found).toHaveLength(entries.length + 1);
  });

  // What pi writes has the mode that the user's umask gives: its directory keeps it.
  it("another user of the host is kept from every socket and file of ours even where the directories stand open", async () => {
    const entries = await entriesOf(home);
    const closed = [
      home,
      ...entries.filter(([kind]) => kind === "directory").map(([, path]) => path),
    ];
    for (const path of closed) await chmod(path, 0o755);
    try {
      const things = entries.filter(
        ([kind, path]) => kind !== "directory" && !path.includes("/sessions/"),
      );
      const found = await nobodyTries(things);
      expect(found.filter(([, what]) => what !== "EACCES")).toEqual([]);
      const [, tmux = ""] =
        things.find(([kind, path]) => kind === "socket" && path.endsWith("/tmux")) ?? [];
      const words = [...asNobody.slice(1), "tmux", "-N", "-S", tmux, "list-sessions"];
      const { exitCode, stderr } = await execa("setpriv", words, { reject: false });
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain("Permission denied");
    } finally {
      for (const path of closed) await chmod(path, 0o700);
    }
  });
});

type Entry = readonly ["directory" | "socket" | "file", string];

async function entriesOf(directory: string): Promise<readonly Entry[]> {
  const paths = (await readdir(directory, { recursive: true })).map((name) =>
    join(directory, name),
  );
  return await Promise.all(paths.map(async (path) => [await kindOf(path), path] as const));
}

async function kindOf(path: string): Promise<Entry[0]> {
  const found = await lstat(path);
  if (found.isSocket()) return "socket";
  return found.isDirectory() ? "directory" : "file";
}

async function nobodyTries(entries: readonly Entry[]): Promise<readonly [string, string][]> {
  const words = [...asNobody.slice(1), process.execPath, "-e", tryAll, JSON.stringify(entries)];
  const { stdout } = await execa("setpriv", words, { cwd: "/" });
  return JSON.parse(stdout);
}

function start(home: string, tmp: string) {
  return execa(process.execPath, [programOf(fixture)], {
    env: { RAMURE_HOME: home, TMPDIR: tmp },
    reject: false,
    forceKillAfterDelay: false,
    timeout: 150_000,
  });
}

async function ready(program: ReturnType<typeof start>): Promise<void> {
  for await (const line of createInterface({ input: program.stdout }))
    if (line.startsWith("ready ")) return;
  throw new Error(`The program ended before it was ready: ${(await program).stderr}`);
}
