import { describe } from "vitest";
import { ContainerImage } from "../../../src/machines/container/container.ts";
import { itConforms } from "../conformance/conformance.ts";

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
  });
}
