import { describe, expect, it } from "vitest";
import { agentProcess, machine, pool } from "../../../src/index.ts";
import { LocalImage, WorktreeImage } from "../../../src/machines/index.ts";
import { testRun } from "../../../src/testing.ts";
import { scratch } from "../../machines/scratch.ts";
import { git, makeRepository } from "../../machines/worktree/repository.ts";

const newFolder = scratch();

describe("a pool of tasks with worktrees", () => {
  it("gives each task its own, to which a task that failed returns", async () => {
    const repository = makeRepository(newFolder());
    const image = new WorktreeImage({ on: new LocalImage({ workDir: repository }) });
    const fix = agentProcess({ name: "fix" }, async (file: string) => {
      const place = await machine();
      const begun = (await place.exec(["test", "-e", "half"])).ok;
      if (file === "b" && !begun) {
        await place.writeFile("half", "half done");
        throw new Error("crashed in the middle");
      }
      await place.exec(`rm -f half; echo ${file} > ${file}; git add .; git commit -qm ${file}`);
      return place.branch;
    });
    const run = await testRun(pool({ process: fix, size: 2, image }), [["a", "b"]]);
    const results = await run.finished();
    const branches = results.map((result) => (result.status === "fulfilled" ? result.value : ""));
    expect(branches.map((branch) => branch?.split("/").at(-1))).toEqual([
      "pool.t0001",
      "pool.t0002",
    ]);
    expect(branches.map((branch, at) => git(repository, "show", `${branch}:${"ab"[at]}`))).toEqual([
      "a",
      "b",
    ]);
    expect(git(repository, "worktree", "list", "--porcelain").match(/^worktree /gm)).toHaveLength(
      1,
    );
  });
});
