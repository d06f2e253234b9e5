import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectNoneLeft, uniqueSeconds } from "../../../src/machines/conformance/kit.ts";
import { SshImage } from "../../../src/machines/ssh/ssh.ts";
import { itConforms } from "../conformance/conformance.ts";
import { scratch, smallDisk } from "../scratch.ts";
import { itKeepsWorktrees } from "../worktree/on.ts";
import { startSshd, type TestSshd } from "./sshd.ts";

const newFolder = scratch();
const signal = new AbortController().signal;
let sshd: TestSshd;

describe.runIf(process.env.RAMURE_TEST_SSH)("Over ssh", () => {
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd?.stop());

  itConforms(() => new SshImage({ ...sshd?.access, host: "127.0.0.1", workDir: newFolder() }), {
    duplex: true,
    shell: true,
    reach: true,
    at: (workDir) => new SshImage({ ...sshd.access, workDir }),
    smallDisk: smallDisk(),
  });

  itKeepsWorktrees(newFolder, (workDir) => new SshImage({ ...sshd.access, workDir }));

  it("a host with another key is refused, with the reason", async () => {
    const image = new SshImage({ ...sshd.access, knownHosts: sshd.wrongKnownHosts });
    const spawned = image.spawn({ name: "strange", signal });
    await expect(spawned).rejects.toMatchObject({ code: "machine-unreachable" });
    await expect(spawned).rejects.toThrow(/host key|Host key/);
  });

  it("a key that the host does not know is refused, with the reason", async () => {
    const image = new SshImage({ ...sshd.access, identity: sshd.wrongIdentity });
    const spawned = image.spawn({ name: "stranger", signal });
    await expect(spawned).rejects.toMatchObject({ code: "machine-unreachable" });
    await expect(spawned).rejects.toThrow(/Permission denied/);
  });

  it("a port where nobody listens is told as such", async () => {
    const spawned = new SshImage({ ...sshd.access, port: 1 }).spawn({ name: "nobody", signal });
    await expect(spawned).rejects.toMatchObject({ code: "machine-unreachable" });
    await expect(spawned).rejects.toThrow(/refused/);
  });

  it("a link that is lost in mid-command is no exit code, and what ran there is ended by the next machine", async () => {
    const other = await startSshd();
    try {
      const image = new SshImage({ ...other.access, workDir: newFolder() });
      const machine = await image.spawn({ name: "cut", signal });
      const seconds = uniqueSeconds();
      const running = machine.exec(`echo begun > begun; sleep ${seconds}; true`);
      const lost = expect(running).rejects.toMatchObject({ code: "machine-unreachable" });
      await expect
        .poll(() => machine.exec(["cat", "begun"]).then(({ stdout }) => stdout))
        .toBe("begun\n");
      await other.cut();
      await lost;
      await machine.stop();
      await other.restore();
      await using next = await image.spawn({ name: "again", signal });
      await expectNoneLeft(next, seconds);
    } finally {
      await other.stop();
    }
  });
});
