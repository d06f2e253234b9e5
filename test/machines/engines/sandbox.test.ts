import { describe } from "vitest";
import { SandboxImage } from "../../../src/machines/sandbox/sandbox.ts";
import { itConforms } from "../conformance/conformance.ts";
import { killed } from "../processes.ts";
import { scratch, smallDisk } from "../scratch.ts";
import { itKeepsWorktrees } from "../worktree/on.ts";

const newFolder = scratch();

describe.runIf(process.env.RAMURE_TEST_SANDBOX)("With bubblewrap", () => {
  const disk = smallDisk();
  const writable = disk === undefined ? [] : [disk];

  itConforms(() => new SandboxImage({ workDir: newFolder(), writable }), {
    duplex: true,
    shell: true,
    reach: true,
    at: (workDir) => new SandboxImage({ workDir }),
    smallDisk: disk,
    vanish: async ({ workDir }) =>
      killed((line) => line.includes("bwrap") && line.includes(workDir)),
  });

  itKeepsWorktrees(newFolder, (workDir) => new SandboxImage({ workDir }));
});
