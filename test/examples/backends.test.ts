import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CommandImage } from "../../examples/backend.ts";
import { lister } from "../../examples/backend-minimal.ts";
import { piHarness } from "../../src/index.ts";
import { scriptedModel } from "../../src/testing.ts";
import { itConforms } from "../machines/conformance/conformance.ts";
import { scratch } from "../machines/scratch.ts";

const newFolder = scratch();
const enter = ["env", "-u", "BASH_ENV"];

itConforms(() => new CommandImage({ enter, enterTerminal: enter, workDir: newFolder() }), {
  duplex: true,
  shell: true,
  at: (workDir) => new CommandImage({ enter, workDir }),
});

describe("A machine of four methods alone", () => {
  it("hosts a pi that comes in over TCP", async () => {
    const directory = await mkdtemp(join(tmpdir(), "example-pi-"));
    await using model = await scriptedModel(() => [{ type: "say", text: "one file" }]);
    try {
      const harness = piHarness({ agentDir: await model.agentDir(directory) });
      expect(await lister.with({ harness })(newFolder())).toBe("one file");
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
