import { describe } from "vitest";
import { ContainerImage } from "../../../src/machines/container/container.ts";
import { itConforms } from "../conformance/conformance.ts";
import { scratch } from "../scratch.ts";
import { itKeepsWorktrees } from "../worktree/on.ts";

const newFolder = scratch();

const image = process.env.RAMURE_TEST_IMAGE ?? "";
const engines = { docker: process.env.RAMURE_TEST_DOCKER, podman: process.env.RAMURE_TEST_PODMAN };
const node = { source: process.execPath, target: "/usr/bin/node", readOnly: true };

for (const [name, socket] of Object.entries(engines)) {
  describe.runIf(socket !== undefined)(`With ${name}`, () => {
    itConforms(() => new ContainerImage({ image, socket, network: "none", mounts: [node] }), {
      duplex: true,
      shell: true,
      reach: true,
      slackMs: 20_000,
      fork: true,
      otherUser: "agent",
    });

    itKeepsWorktrees(newFolder, (repository) => {
      const mounts = [{ source: repository, target: repository }];
      return new ContainerImage({ image, socket, network: "none", mounts, workDir: repository });
    });
  });
}
