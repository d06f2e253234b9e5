import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LocalImage } from "../../../src/machines/local/local.ts";
import type { Machine } from "../../../src/machines/machine.ts";
import { WorktreeImage, type WorktreeOptions } from "../../../src/machines/worktree/index.ts";
import { itConforms } from "../conformance/conformance.ts";
import { scratch } from "../scratch.ts";
import { git, makeRepository } from "./repository.ts";

const newFolder = scratch();
const signal = new AbortController().signal;

function worktrees(workDir: string, options: WorktreeOptions = {}): WorktreeImage {
  return new WorktreeImage({ on: new LocalImage({ workDir }), ...options });
}

/** A machine as the process at this path of the run `r1` gets it. */
function spawned(image: WorktreeImage, process: string): Promise<Machine> {
  return image.spawn({
    name: "worktree",
    path: `${process}/worktree`,
    signal,
    env: { RAMURE_RUN: "r1" },
  });
}

async function commitFile(machine: Machine, name: string): Promise<void> {
  await machine.writeFile(name, "made by an agent\n");
  const done = await machine.exec(`git add . && git commit -q -m ${name}`);
  expect(done).toMatchObject({ exitCode: 0 });
}

itConforms(() => worktrees(makeRepository(newFolder())), {
  duplex: true,
  shell: true,
  reach: true,
});

describe("A git worktree as a machine", () => {
  it("leaves the commits of each process on a branch of its own, and removes its folder", async () => {
    const repository = makeRepository(newFolder());
    const image = worktrees(repository);
    const machines = await Promise.all(
      ["/main/pool/t0001", "/main/pool/t0002"].map((process) => spawned(image, process)),
    );
    expect(machines.map(({ branch }) => branch)).toEqual([
      "ramure/r1/main.pool.t0001",
      "ramure/r1/main.pool.t0002",
    ]);
    await Promise.all(machines.map((machine, number) => commitFile(machine, `file${number}`)));
    for (const machine of machines) await machine.stop();
    for (const { workDir } of machines) expect(existsSync(workDir)).toBe(false);
    expect(git(repository, "show", "ramure/r1/main.pool.t0002:file1")).toBe("made by an agent");
    expect(git(repository, "status", "--porcelain")).toBe("");
    expect(git(repository, "log", "--oneline", "main").split("\n")).toHaveLength(1);
  });

  it("removes a branch that has nothing of its own", async () => {
    const repository = makeRepository(newFolder());
    const machine = await spawned(worktrees(repository), "/main");
    await machine.stop();
    expect(git(repository, "branch", "--list", "--format=%(refname:short)")).toBe("main");
    expect(machine.summary).toContain("it had nothing of its own and is removed");
  });

  it("keeps what is not committed, says so, and gives it to the process that starts again", async () => {
    const repository = makeRepository(newFolder());
    const first = await spawned(worktrees(repository), "/main/fix");
    await commitFile(first, "done");
    await first.writeFile("half", "half done");
    await first.stop();
    expect(first.summary).toContain("stays: it has changes that are not committed");
    const second = await spawned(worktrees(repository), "/main/fix");
    expect(second.workDir).toBe(first.workDir);
    expect((await second.exec("cat done half")).stdout).toBe("made by an agent\nhalf done");
    await second.exec(["rm", "half"]);
    await second.stop();
    expect(existsSync(second.workDir)).toBe(false);
    const third = await spawned(worktrees(repository), "/main/fix");
    expect([third.workDir, (await third.exec(["cat", "done"])).stdout]).toEqual([
      first.workDir,
      "made by an agent\n",
    ]);
    await third.stop();
  });

  it("keeps commits that are on no branch", async () => {
    const repository = makeRepository(newFolder());
    const machine = await spawned(worktrees(repository), "/main");
    await machine.exec(["git", "checkout", "-q", "--detach"]);
    await commitFile(machine, "loose");
    await machine.stop();
    expect(machine.summary).toContain("stays: it is on no branch");
    expect(existsSync(join(machine.workDir, "loose"))).toBe(true);
  });

  it("is removed after the last of two agents of a process that share it", async () => {
    const repository = makeRepository(newFolder());
    const image = worktrees(repository);
    const [author, reviewer] = [await spawned(image, "/main"), await spawned(image, "/main")];
    expect(reviewer.workDir).toBe(author.workDir);
    await author.stop();
    expect((await reviewer.exec(["cat", "sub/tracked"])).stdout).toBe("one\n");
    await reviewer.stop();
    expect(existsSync(reviewer.workDir)).toBe(false);
  });

  it("begins where the work directory is in the repository, and with the ignored files it is told", async () => {
    const repository = makeRepository(newFolder());
    mkdirSync(join(repository, "local"));
    writeFileSync(join(repository, "local", "it's"), "kept");
    const image = worktrees(join(repository, "sub"), { copy: [".env", "local/it's"] });
    await using machine = await spawned(image, "/main");
    expect((await machine.exec("cat tracked ../.env; cat '../local/it'\\''s'")).stdout).toBe(
      "one\nKEY=1\nkept",
    );
    expect(git(repository, "status", "--porcelain")).toBe("");
  });

  it.each([
    [[".env.local"], /\.env\.local, which is to be copied, is not there/],
    [["sub/tracked"], /sub\/tracked, which is to be copied, is not ignored by git/],
  ])("refuses to copy %j, and leaves nothing", async (copy, message) => {
    const repository = makeRepository(newFolder());
    const refused = spawned(worktrees(repository, { copy }), "/main");
    await expect(refused).rejects.toMatchObject({ code: "machine-file" });
    await expect(refused).rejects.toThrow(message);
    expect(git(repository, "worktree", "list").split("\n")).toHaveLength(1);
  });

  it.each(["/etc/passwd", "../.env", ""])("refuses %j as a file to copy", (path) => {
    expect(() => new WorktreeImage({ copy: [path] })).toThrow(/seen from its top/);
  });

  it("says that there is no repository, no commit, or no such name of a branch", async () => {
    const folder = newFolder();
    mkdirSync(folder, { recursive: true });
    await expect(spawned(worktrees(folder), "/main")).rejects.toThrow(/not a git repository/);
    git(folder, "init", "-q");
    await expect(spawned(worktrees(folder), "/main")).rejects.toThrow(/no commit HEAD/);
    const odd = worktrees(makeRepository(newFolder()), { branch: () => "a..b" });
    await expect(spawned(odd, "/main")).rejects.toThrow(/a\.\.b cannot be the name of a branch/);
  });

  it("makes 12 at once in one repository, with an awkward path", async () => {
    const repository = makeRepository(join(newFolder(), "it's #(touch probe)\n-here"));
    const image = worktrees(repository);
    const paths = Array.from({ length: 12 }, (_, number) => `/main/t${number}`);
    const machines = await Promise.all(paths.map((path) => spawned(image, path)));
    expect(new Set(machines.map(({ workDir }) => workDir)).size).toBe(12);
    await Promise.all(machines.map((machine) => commitFile(machine, "new")));
    await Promise.all(machines.map((machine) => machine.stop()));
    expect(git(repository, "branch", "--list", "ramure/*").split("\n")).toHaveLength(12);
    expect(git(repository, "worktree", "list", "--porcelain").match(/^worktree /gm)).toHaveLength(
      1,
    );
    expect(readFileSync(join(repository, ".worktrees", ".gitignore"), "utf8")).toBe("*\n");
  });
});
