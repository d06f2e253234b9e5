import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCredentials } from "../../../../src/actors/agent/pi/credentials.ts";
import { findPi } from "../../../../src/actors/agent/pi/find.ts";
import { piHarness } from "../../../../src/actors/agent/pi/harness.ts";
import { install, lentTools } from "../../../../src/actors/agent/pi/provision.ts";
import { LocalImage } from "../../../../src/machines/local/local.ts";
import { piWorld } from "./pi-world.ts";

let folder: string;
const { signal } = new AbortController();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ramure-needs-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Write scripts of these names into a folder. */
async function programsIn(name: string, programs: Readonly<Record<string, string>>) {
  const bin = join(folder, name);
  await mkdir(bin, { recursive: true });
  for (const [program, text] of Object.entries(programs)) {
    await writeFile(join(bin, program), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
  return bin;
}

/** A machine whose PATH has the usual commands and these programs, each a script. */
async function bareMachine(programs: Readonly<Record<string, string>> = {}) {
  const bin = await programsIn("bin", programs);
  const usual = "sh bash cat grep head tr dirname readlink mkdir id mv";
  for (const name of usual.split(" ")) await symlink(`/bin/${name}`, join(bin, name));
  const env = { PATH: bin, HOME: folder };
  return await new LocalImage({ workDir: folder, env }).spawn({ name: "bare", signal });
}

describe("what pi needs on a machine", () => {
  it("is named all at once, each with the line that installs it", async () => {
    await using machine = await bareMachine();
    const failing = findPi(machine, { seesHost: false });
    await expect(failing).rejects.toMatchObject({
      code: "machine-lacks",
      retryable: false,
      problems: [{ code: "node-missing" }, { code: "tmux-missing" }, { code: "pi-missing" }],
    });
    await expect(failing).rejects.toThrow(
      /lacks 3 things:\n- .*no node.*setup_22\.x.*\n- .*no tmux.*apt-get install -y tmux.*\n- .*no pi.*npm install -g/,
    );
  });

  it("is named alone when only one thing is missing", async () => {
    await using machine = await bareMachine({ tmux: "", node: "echo v18.20.1" });
    await writeFile(join(folder, "pi"), "#!/usr/bin/env node\n", { mode: 0o755 });
    await writeFile(join(folder, "package.json"), manifest);
    await expect(
      findPi(machine, { seesHost: false, command: join(folder, "pi") }),
    ).rejects.toMatchObject({ code: "node-missing", message: /has node 18\.20\.1/ });
  });

  it("leaves node out for a pi that is no script of node's", async () => {
    await using machine = await bareMachine({ tmux: "", pi: "echo 0.80.1" });
    expect(await findPi(machine, { seesHost: false })).toMatchObject({ version: "0.80.1" });
  });

  it("is installed by the machine's package manager and npm, then found in ~/.local", async () => {
    await programsIn("later", {
      tmux: "",
      node: "echo v22.1.0",
      npm: 'mkdir -p "$4/bin"; mv "$HOME/later/pi" "$4/bin/pi"',
      pi: "echo 0.74.2",
    });
    const packages = "for name in tmux node npm; do mv $HOME/later/$name $HOME/bin; done";
    await using machine = await bareMachine({ "apt-get": `[ "$1" = update ] || { ${packages}; }` });
    await install(machine, { seesHost: false }, signal);
    expect(await findPi(machine, { seesHost: false })).toEqual({
      command: join(folder, ".local/bin/pi"),
      version: "0.74.2",
    });
  });

  it("is lent by this host: its node, and the packages that its pi lies in", async () => {
    const { mounts, commands } = await lentTools(undefined);
    expect(mounts).toEqual([
      { source: process.execPath, target: "/opt/ramure/bin/node", readOnly: true },
      {
        source: expect.stringMatching(/\/node_modules$/),
        target: "/opt/ramure/node_modules",
        readOnly: true,
      },
    ]);
    expect(commands[0]).toMatch(/^\/opt\/ramure\/node_modules\/.*pi-coding-agent\/.*\.js$/);
    expect(await piHarness().mounts?.()).toEqual([]);
    expect(await piHarness({ provision: "mount" }).mounts?.()).toHaveLength(2);
  });

  it("refuses a way to provide it that there is not", () => {
    const given = { provision: "mounted" } as unknown as { provision: "mount" };
    expect(() => piHarness(given)).toThrow(/"off", "mount" or "install", not "mounted"/);
  });
});

const manifest = '{\n  "name": "@earendil-works/pi-coding-agent",\n  "version": "0.74.2"\n}\n';
describe("credentials", { timeout: 60_000 }, () => {
  it("that this host has not are named before anything is made", async () => {
    await using world = await piWorld(undefined, { credentials: { variables: ["NO_SUCH_KEY"] } });
    await expect(world.launch()).rejects.toMatchObject({
      code: "credentials-missing",
      message: /the variable NO_SUCH_KEY is not set here/,
    });
    expect(await world.sockets()).toEqual(["b.sock"]);
    await expect(readCredentials({ files: ["/nowhere/auth.json"] })).rejects.toThrow(
      /\/nowhere\/auth\.json cannot be read here \(ENOENT\); log in with pi once/,
    );
  });

  it("come to a far machine in private files, in no argument, and go with the run", async () => {
    process.env.SOME_API_KEY = "key-of-a-test";
    const auth = join(folder, "auth.json");
    await writeFile(auth, '{"p":{"key":"a-secret-of-some-length"}}');
    const command = `echo $SOME_API_KEY; stat -c %a $PI_CODING_AGENT_DIR/auth.json; cat $PI_CODING_AGENT_DIR/auth.json; cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c 'key-of-a-tes[t]\\|a-secret-of-some-lengt[h]'; true`;
    await using world = await piWorld(undefined, {
      far: true,
      credentials: { variables: ["SOME_API_KEY"], files: [auth] },
    });
    const agent = await world.launch();
    await agent.tools();
    await agent.answered(await agent.send(`!call bash ${JSON.stringify({ command })}`));
    const said = world.model.requests.at(-1)?.messages.findLast(({ role }) => role === "tool");
    expect(said?.text).toContain('key-of-a-test\n600\n{"p":{"key":"a-secret-of-some-length"}}0');
    await agent.launched.stop();
    await world.harness.release?.(world.machine, world.run);
    expect(await readdir(join(world.root, "agent"))).not.toContain("auth.json");
    delete process.env.SOME_API_KEY;
  });
});

describe("a conversation on a far machine", { timeout: 60_000 }, () => {
  it("is copied to this host, and brought to a machine that has it no more", async () => {
    await using world = await piWorld(undefined, { far: true });
    const first = await world.launch();
    await first.tools();
    await first.answered(await first.send("!say one"));
    const { session } = await first.hello();
    await first.launched.keep?.(session);
    const [copy = ""] = await readdir(join(world.root, "dir"));
    expect(await readFile(join(world.root, "dir", copy), "utf8")).toContain("!say one");
    await first.launched.stop();
    await world.harness.release?.(world.machine, world.run);
    await expect(readFile(session.file ?? "")).rejects.toMatchObject({ code: "ENOENT" });
    const second = await world.launch({ epoch: 2, resume: session });
    expect((await second.hello()).session.id).toBe(session.id);
    await second.tools();
    await second.answered(await second.send("!say two", "follow-up", "m2"));
    const asked = world.model.requests.at(-1)?.messages.map(({ text }) => text) ?? [];
    expect(asked).toEqual(expect.arrayContaining(["!say one", "!say two"]));
  });
});
