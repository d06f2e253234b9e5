import { type ChildProcess, spawn } from "node:child_process";
import { once, setMaxListeners } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FileTransferError, LocalImage, type Machine } from "../../../src/index.ts";
import {
  type Copied,
  copyFile,
  type FileOwner,
} from "../../../src/supervisors/agents/file-transfer.ts";

let folder: string;
const machines: Machine[] = [];
const racers: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "transfer-"));
});

afterEach(async () => {
  for (const racer of racers.splice(0)) {
    racer.kill("SIGKILL");
    await once(racer, "exit");
  }
  for (const machine of machines.splice(0)) await machine.stop();
  await rm(folder, { recursive: true, force: true });
});

/** An agent with a work directory of its own. */
async function owner(word: string): Promise<FileOwner & { readonly dir: string }> {
  const dir = join(folder, word);
  await mkdir(dir, { recursive: true });
  const image = new LocalImage({ workDir: dir });
  const machine = await image.spawn({ name: "here", signal: new AbortController().signal });
  machines.push(machine);
  return { word, machine, dir };
}

const never = new AbortController().signal;
// Many transfers at once listen to it, as to the signal of a process, which warns of none either.
setMaxListeners(0, never);

function copied(from: FileOwner, to: FileOwner, path: string, more = {}): Promise<Copied> {
  return copyFile({ from, to }, { path, maxBytes: 1_000, signal: never, ...more });
}

it("a file transfer refuses a file that did not arrive as it was sent", async () => {
  const [alice, bob] = [await owner("alice"), await owner("bob")];
  await writeFile(join(alice.dir, "report.txt"), "all is well");
  const exec: Machine["exec"] = (command, options) =>
    bob.machine.exec(command, {
      ...options,
      input: options?.input && String(Buffer.from(options.input)).replace("well", "wall"),
    });
  // A machine whose disk turns a letter.
  const broken: FileOwner = { word: "bob", machine: { ...bob.machine, workDir: bob.dir, exec } };
  const changed = copied(alice, broken, "report.txt");
  await expect(changed).rejects.toThrow(FileTransferError);
  await expect(changed).rejects.toThrow("what arrived is not what was sent");
  expect(await copied(alice, bob, "report.txt")).toMatchObject({ bytes: 11 });
});

it("a file transfer keeps the permissions of the file", async () => {
  const [alice, bob] = [await owner("alice"), await owner("bob")];
  for (const mode of [0o600, 0o644, 0o755, 0o4750]) {
    const name = `m${mode.toString(8)}`;
    await writeFile(join(alice.dir, name), "x");
    await chmod(join(alice.dir, name), mode);
    const { path } = await copied(alice, bob, name);
    expect((await stat(join(bob.dir, path))).mode & 0o7777).toBe(mode & 0o777);
  }
});

it("a file transfer never replaces a file, and says where the file lies instead", async () => {
  const [alice, bob] = [await owner("alice"), await owner("bob")];
  await writeFile(join(bob.dir, "notes.md"), "bob's own");
  const to = { destination: "notes.md" };
  const paths = [];
  for (const text of ["one", "two"]) {
    await writeFile(join(alice.dir, "a.md"), text);
    paths.push(await copied(alice, bob, "a.md", to));
  }
  expect(paths.map(({ path, wanted }) => [path, wanted])).toEqual([
    ["notes-2.md", "notes.md"],
    ["notes-3.md", "notes.md"],
  ]);
  const texts = ["notes.md", "notes-2.md", "notes-3.md"].map((name) =>
    readFile(join(bob.dir, name), "utf8"),
  );
  expect(await Promise.all(texts)).toEqual(["bob's own", "one", "two"]);
});

it("two file transfers to one name at the same time leave two files and no draft", async () => {
  const [alice, bob] = [await owner("alice"), await owner("bob")];
  const names = Array.from({ length: 8 }, (_, n) => `f${n}`);
  for (const name of names) await writeFile(join(alice.dir, name), name);
  const to = { destination: "same.txt" };
  await Promise.all(names.map((name) => copied(alice, bob, name, to)));
  const there = await readdir(bob.dir);
  const texts = await Promise.all(there.map((name) => readFile(join(bob.dir, name), "utf8")));
  expect(texts.sort()).toEqual(names);
});

/** Swaps `f` in a directory for something else and back, as fast as it can. */
async function racer(dir: string, other: string): Promise<void> {
  const script = `
cd -- "$1"; printf mine >mine; ${other} >/dev/null
put() { [ -d f ] && [ ! -L f ] && rm -rf f; mv -fT "$1" f; }
while :; do cp -P -R mine a; put a; cp -P -R other b; put b; done`;
  const child = spawn("sh", ["-c", script, "sh", dir], { stdio: "ignore" });
  racers.push(child);
  await expect.poll(() => readdir(dir)).toContain("f");
}

it("a file transfer brings nothing from outside when a link is swapped in", async () => {
  const [mallory, bob] = [await owner("mallory"), await owner("bob")];
  await writeFile(join(folder, "secret"), "top secret");
  await racer(mallory.dir, "ln -s ../secret other");
  const tries = Array.from({ length: 60 }, (_, n) =>
    copied(mallory, bob, "f", { destination: `got/${n}` }).catch(String),
  );
  await Promise.all(tries);
  const inbox = join(bob.dir, "got");
  const there = await readdir(inbox).catch(() => []);
  const texts = await Promise.all(there.map((name) => readFile(join(inbox, name), "utf8")));
  expect(texts.filter((text) => text !== "mine")).toEqual([]);
});

it("a file transfer holds no thread of the program when a pipe is swapped in", async () => {
  const [mallory, bob] = [await owner("mallory"), await owner("bob")];
  await racer(mallory.dir, "mkfifo other");
  const signal = AbortSignal.timeout(2_000);
  setMaxListeners(0, signal);
  const tries = Array.from({ length: 20 }, () => copied(mallory, bob, "f", { signal }));
  const results = Promise.allSettled(tries);
  // Four threads that wait in an `open` are all that Node has for files.
  for (let n = 0; n < 8; n++) expect(await readFile(import.meta.filename, "utf8")).not.toBe("");
  for (const result of await results) expect(result).toBeDefined();
  expect(await readFile(import.meta.filename, "utf8")).not.toBe("");
});

it("a file transfer into a directory that is swapped for a link writes nothing outside", async () => {
  const [alice, mallory] = [await owner("alice"), await owner("mallory")];
  await writeFile(join(alice.dir, "a"), "a");
  await mkdir(join(folder, "outside"));
  await racer(mallory.dir, "ln -s ../outside other; rm -f mine; mkdir mine; rm -rf f");
  const to = { destination: "f/x/" };
  await Promise.all(
    Array.from({ length: 30 }, () => copied(alice, mallory, "a", to).catch(String)),
  );
  expect(await readdir(join(folder, "outside"))).toEqual([]);
});
