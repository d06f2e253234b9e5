import { describe } from "vitest";
import { SandboxImage } from "../../../src/machines/sandbox/sandbox.ts";
import { itConforms } from "../conformance/conformance.ts";
import { scratch } from "../scratch.ts";
import { itKeepsWorktrees } from "../worktree/on.ts";

const newFolder = scratch();

describe.runIf(process.env.RAMURE_TEST_SANDBOX)("With bubblewrap", () => {
  itConforms(() => new SandboxImage({ workDir: newFolder() }), {
    duplex: true,
    shell: true,
    reach: true,
    slackMs: 20_000,
  });

  itKeepsWorktrees(newFolder, (workDir) => new SandboxImage({ workDir }));
});
