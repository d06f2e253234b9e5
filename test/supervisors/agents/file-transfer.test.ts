import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import {
  type Agent,
  agent,
  agentProcess,
  FileTransferError,
  LocalImage,
  type Machine,
} from "../../../src/index.ts";
import { copyFile } from "../../../src/supervisors/agents/file-transfer.ts";
import { testRun } from "../../../src/testing.ts";

it("refuses a file that did not arrive as it was sent", async () => {
  const folder = await mkdtemp(join(tmpdir(), "transfer-"));
  await writeFile(join(folder, "report.txt"), "all is well");
  const root = agentProcess({ image: new LocalImage({ workDir: folder }) }, async () => {
    const [from, to] = [await agent("alice"), await agent("bob")];
    const signal = new AbortController().signal;
    const file = { path: "report.txt", maxBytes: 1_000, signal };
    const whole = await copyFile({ from, to }, file);
    const changed = copyFile({ from, to: changing(to) }, file);
    await expect(changed).rejects.toThrow(FileTransferError);
    await expect(changed).rejects.toThrow("what arrived is not what was sent");
    return whole;
  });
  const run = await testRun(root, [], { script: () => {} });
  expect(await run.finished()).toMatchObject({ path: "inbox/alice/report.txt", bytes: 11 });
  await rm(folder, { recursive: true });
});

/** The same agent on a machine whose disk turns a letter. */
function changing(to: Agent): Agent {
  const { machine } = to;
  const writes: Machine["writeFile"] = async (path, content) => {
    await machine.writeFile(path, String(Buffer.from(content)).replace("well", "wall"));
  };
  const broken: Machine = { ...machine, writeFile: writes };
  return new Proxy(to, {
    get: (target, key) => (key === "machine" ? broken : Reflect.get(target, key, target)),
  });
}
