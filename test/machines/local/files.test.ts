import { execFileSync, spawn } from "node:child_process";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder, readHostFile, writeHostFile } from "../../../src/machines/local/files.ts";
import { localMachine, scratch } from "../scratch.ts";

const newFolder = scratch();

function madeFolder(): string {
  const folder = newFolder();
  mkdirSync(folder, { recursive: true });
  return folder;
}

describe("A file of this host", () => {
  it("a file of this host holds no thread of the program when it is a FIFO that nobody writes to", async () => {
    const folder = madeFolder();
    const pipes = Array.from({ length: 30 }, (_, number) => join(folder, String(number)));
    execFileSync("sh", ["-c", 'mkfifo "$@"', "sh", ...pipes]);
    const reads = await Promise.allSettled(pipes.map((pipe) => readHostFile(pipe)));
    for (const read of reads) {
      expect(read).toMatchObject({
        reason: { code: "machine-file", reason: "not a regular file" },
      });
    }
    expect((await readFile("/dev/null")).length).toBe(0);
  });

  it("a file of this host is refused when it is a device", async () => {
    await expect(readHostFile("/dev/zero")).rejects.toMatchObject({ reason: "not a regular file" });
  });

  it("a file of this host is read whole when the system gives no size for it", async () => {
    const read = await readHostFile("/proc/self/status");
    expect(Buffer.from(read).toString()).toMatch(/^Name:/);
    const bounded = readHostFile("/proc/self/status", { maxBytes: 10 });
    await expect(bounded).rejects.toMatchObject({ reason: "larger than 10 bytes" });
  });

  it("a file of this host never comes from outside its folder, however often a link takes its place", async () => {
    const folder = madeFolder();
    const inside = join(folder, "inside");
    mkdirSync(inside);
    writeFileSync(join(folder, "secret"), "secret");
    const script = `cd "$1"; while :; do
      echo mine > n; mv n file; ln -s ../secret l; mv l file; mkfifo p 2>/dev/null; mv p file; done`;
    const swapping = spawn("sh", ["-c", script, "sh", inside], { detached: true });
    try {
      const read = () => readHostFile(join(inside, "file"), { within: inside });
      await expect.poll(() => read().then(String, () => "")).toBe("mine\n");
      for (let round = 0; round < 400; round += 1) {
        const content = await read().then((bytes) => Buffer.from(bytes).toString(), codeOf);
        expect(["mine\n", "", "machine-file"]).toContain(content);
      }
    } finally {
      process.kill(-(swapping.pid ?? 0), "SIGKILL");
    }
  });

  it("a file of this host is written inside its folder or not at all, however often a link takes a folder's place", async () => {
    const folder = madeFolder();
    const [inside, outside] = [join(folder, "inside"), join(folder, "outside")];
    for (const made of [inside, outside]) mkdirSync(made);
    const script = `cd "$1"; while :; do
      mkdir -p sub; mv sub old; ln -s ../outside sub; rm sub; mv old sub; done 2>/dev/null`;
    const swapping = spawn("sh", ["-c", script, "sh", inside], { detached: true });
    try {
      for (let round = 0; round < 300; round += 1) {
        const path = join(inside, "sub", `file-${round}`);
        await writeHostFile(path, "x", { within: inside }).catch(() => {});
      }
    } finally {
      process.kill(-(swapping.pid ?? 0), "SIGKILL");
    }
    expect(execFileSync("ls", ["-A", outside]).toString()).toBe("");
  });

  it("a file of this host replaces a link under its name instead of what the link stands for, inside its folder", async () => {
    const folder = madeFolder();
    writeFileSync(join(folder, "target"), "old", { mode: 0o640 });
    symlinkSync("target", join(folder, "link"));
    await writeHostFile(join(folder, "link"), "new", { within: folder });
    expect(readFileSync(join(folder, "target"), "utf8")).toBe("old");
    await writeHostFile(join(folder, "target"), "newer", { within: folder });
    expect(statSync(join(folder, "target")).mode & 0o777).toBe(0o640);
  });
});

describe("A work directory that cannot be made", () => {
  it.runIf(process.platform === "linux")(
    "a work directory that cannot be made is refused at once",
    async () => {
      const refused = { code: "machine-file", path: "/proc/nope", reason: "ENOENT" };
      await expect(localMachine("/proc/nope")).rejects.toMatchObject(refused);
      await using machine = await localMachine(newFolder());
      const written = machine.writeFile("/proc/nope/file", "x");
      await expect(written).rejects.toMatchObject({ code: "machine-file", reason: "ENOENT" });
    },
    5_000,
  );
});

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

describe("A folder of this host", () => {
  it("a folder of this host is made by each of many that make folders beside it at the same moment", async () => {
    const folder = madeFolder();
    for (let round = 0; round < 50; round += 1) {
      const parent = join(folder, String(round), "a", "b");
      await Promise.all(Array.from({ length: 8 }, (_, nth) => makeFolder(join(parent, `${nth}`))));
      expect(readdirSync(parent)).toHaveLength(8);
    }
  });
});
