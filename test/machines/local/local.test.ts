import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { LocalImage } from "../../../src/machines/local/local.ts";
import type { Remains } from "../../../src/machines/machine.ts";
import { removeRemains } from "../../../src/machines/remains/index.ts";
import { itConforms } from "../conformance/conformance.ts";
import { localMachine, scratch, smallDisk } from "../scratch.ts";

const newFolder = scratch();

itConforms(() => new LocalImage({ workDir: newFolder() }), {
  duplex: true,
  shell: true,
  reach: true,
  fork: true,
  otherUser: userInfo().username,
  at: (workDir) => new LocalImage({ workDir }),
  smallDisk: smallDisk(),
});

describe("The local machine itself", () => {
  it("the local machine itself makes a missing work directory and deletes nothing when it stops", async () => {
    const workDir = join(newFolder(), "not", "there");
    const machine = await localMachine(workDir);
    await machine.writeFile("kept", "yes");
    await machine.stop();
    expect(readFileSync(join(workDir, "kept"), "utf8")).toBe("yes");
  });

  it("the local machine itself works in the current directory unless told otherwise", async () => {
    const signal = new AbortController().signal;
    await using machine = await new LocalImage().spawn({ name: "here", signal });
    expect(machine.workDir).toBe(process.cwd());
  });

  it("the local machine itself says that a work directory cannot be made", async () => {
    const file = newFolder();
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, "");
    const spawned = localMachine(join(file, "under"));
    await expect(spawned).rejects.toMatchObject({ code: "machine-file", reason: "ENOTDIR" });
  });

  it("the local machine itself inherits the program's environment and adds the image's", async () => {
    await using machine = await localMachine(newFolder(), { RAMURE_PROBE: "mine" });
    const { stdout } = await machine.exec(["printenv", "PATH", "RAMURE_PROBE"]);
    expect(stdout).toBe(`${process.env.PATH}\nmine\n`);
  });

  it("the local machine itself cannot switch users and says so", async () => {
    await using machine = await localMachine(newFolder());
    const running = machine.exec(["true"], { user: "somebody-else" });
    await expect(running).rejects.toMatchObject({ code: "wrong-user", retryable: false });
    expect((await machine.exec(["true"], { user: String(process.getuid?.()) })).ok).toBe(true);
  });

  it("the local machine itself reports a signal by its name", async () => {
    await using machine = await localMachine(newFolder());
    const result = await machine.exec(["sh", "-c", "kill -SEGV $$"]);
    expect(result).toMatchObject({ exitCode: 139, signal: "SIGSEGV", ok: false });
  });

  it("the local machine itself answers 126 for more arguments than the system carries", async () => {
    await using machine = await localMachine(newFolder());
    const result = await machine.exec(["echo", "x".repeat(200_000)]);
    expect(result).toMatchObject({ exitCode: 126, stderr: "echo: Argument list too long\n" });
  });

  it("the local machine itself keeps reading what a background command writes, so that it is not ended by a closed pipe", async () => {
    await using machine = await localMachine(newFolder());
    const line =
      "(for n in 1 2 3 4 5 6 7 8; do echo $n; sleep 0.1; done; touch finished) & echo begun";
    expect((await machine.exec(line)).stdout).toContain("begun\n");
    await expect.poll(() => existsSync(join(machine.workDir, "finished"))).toBe(true);
  });

  it("the local machine itself keeps no listener on the signals of commands that have ended", async () => {
    await using machine = await localMachine(newFolder());
    const { signal } = new AbortController();
    const warnings: Error[] = [];
    const note = (warning: Error): number => warnings.push(warning);
    process.on("warning", note);
    for (let round = 0; round < 15; round += 1) await machine.exec(["true"], { signal });
    process.off("warning", note);
    expect(warnings).toEqual([]);
  });

  it.runIf(process.platform === "linux")(
    "the local machine itself keeps no file open after 200 commands, half of them ended by force",
    async () => {
      const machine = await localMachine(newFolder());
      await machine.exec(["true"]);
      const before = readdirSync("/proc/self/fd").length;
      for (let round = 0; round < 10; round += 1) {
        const lines = Array.from({ length: 20 }, (_, number) =>
          number % 2 ? "sleep 20" : "echo x",
        );
        await Promise.all(lines.map((line) => machine.exec(line, { timeoutMs: 100 })));
      }
      await expect.poll(() => readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before + 2);
      await machine.stop();
    },
  );

  it("the local machine itself removes the folder of a fork when the fork stops", async () => {
    await using machine = await localMachine(newFolder());
    await machine.writeFile("file", "x");
    const fork = await machine.fork();
    expect(fork.workDir.startsWith(tmpdir())).toBe(true);
    await fork.stop();
    expect(existsSync(dirname(fork.workDir))).toBe(false);
    expect(readdirSync(machine.workDir)).toEqual(["file"]);
  });

  it("the local machine itself forks what git tracks as a work tree, and removes it again", async () => {
    await using machine = await localMachine(newFolder());
    const setup = `git init -q . && git config user.email a@b && git config user.name a &&
      mkdir sub && echo one > sub/tracked && git add . && git commit -qm first && echo x > sub/loose`;
    expect(await machine.exec(setup)).toMatchObject({ stderr: "", exitCode: 0 });
    await using below = await localMachine(join(machine.workDir, "sub"));
    const fork = await below.fork({ files: "tracked" });
    expect((await fork.exec(["ls"])).stdout).toBe("tracked\n");
    await fork.stop();
    const trees = await machine.exec(["git", "worktree", "list", "--porcelain"]);
    expect(trees.stdout.match(/^worktree /gm)).toHaveLength(1);
  });

  it("the local machine itself says why a folder cannot be forked", async () => {
    await using machine = await localMachine(newFolder());
    await expect(machine.fork({ files: "tracked" })).rejects.toThrow(/not a git repository/);
  });

  it("is taken up by its work directory, and by none that is gone or another's", async () => {
    const [workDir, gone] = [newFolder(), newFolder()];
    mkdirSync(workDir, { recursive: true });
    const options = { name: "again", signal: new AbortController().signal };
    const image = new LocalImage({ workDir });
    const adopted = await image.adopt({ kind: "local", workDir }, options);
    expect((await adopted?.exec(["pwd"]))?.stdout).toBe(`${workDir}\n`);
    await adopted?.stop();
    const absent = new LocalImage({ workDir: gone }).adopt(
      { kind: "local", workDir: gone },
      options,
    );
    expect(await absent).toBeUndefined();
    expect(existsSync(gone)).toBe(false);
    expect(await image.adopt({ kind: "ssh", workDir }, options)).toBeUndefined();
    expect(await image.adopt({ kind: "local", workDir: gone }, options)).toBeUndefined();
  });

  it("records a fork before it is made, so that what a killed program left of it can be removed", async () => {
    const workDir = newFolder();
    const recorded: Remains[] = [];
    const record = async (remains: Remains) => {
      recorded.push({ ...remains, isThere: existsSync(remains.name) } as Remains);
    };
    const { signal } = new AbortController();
    await using machine = await new LocalImage({ workDir }).spawn({ name: "m", signal, record });
    await machine.exec(`git init -q && git ${asSomebody} commit -q --allow-empty -m one`);
    await machine.fork({ files: "tracked" });
    const [remains] = recorded;
    expect(remains).toMatchObject({ kind: "fork", isThere: false });
    expect((await machine.exec("git worktree list | wc -l")).stdout.trim()).toBe("2");
    if (remains) await removeRemains(remains, []);
    expect((await machine.exec("git worktree list | wc -l")).stdout.trim()).toBe("1");
    expect(existsSync(remains?.folder ?? "/")).toBe(false);
  });
});

const asSomebody = "-c user.name=a -c user.email=a@b.c";
