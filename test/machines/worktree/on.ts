import { expect, it } from "vitest";
import type { Image } from "../../../src/machines/machine.ts";
import { WorktreeImage } from "../../../src/machines/worktree/index.ts";
import { git, makeRepository } from "./repository.ts";

/** Declare the test of worktrees on machines of a backend, whose work directory is this host's folder. */
export function itKeepsWorktrees(
  folder: () => string,
  imageIn: (repository: string) => Image,
): void {
  it("a git worktree on it keeps commits on a branch and what is not committed in its folder", async () => {
    const repository = makeRepository(folder());
    const image = new WorktreeImage({ on: imageIn(repository), copy: [".env"] });
    const signal = new AbortController().signal;
    const first = await image.spawn({ name: "fix", signal });
    const commit = "echo new > new; git add new; git commit -qm new; cat .env; touch loose";
    expect(await first.exec(commit)).toMatchObject({ exitCode: 0, stdout: "KEY=1\n" });
    await first.stop();
    expect(git(repository, "show", "ramure/fix:new")).toBe("new");
    const second = await image.spawn({ name: "fix", signal });
    expect((await second.exec(["rm", "loose"])).ok).toBe(true);
    await second.stop();
    expect(git(repository, "worktree", "list", "--porcelain").match(/^worktree /gm)).toHaveLength(
      1,
    );
  });
}
