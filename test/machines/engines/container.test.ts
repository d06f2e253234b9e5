import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ContainerImage } from "../../../src/machines/container/container.ts";
import { Engine, field } from "../../../src/machines/container/engine.ts";
import { itConforms } from "../conformance/conformance.ts";
import { scratch, smallDisk } from "../scratch.ts";
import { itKeepsWorktrees } from "../worktree/on.ts";

const newFolder = scratch();
const signal = new AbortController().signal;

const image = process.env.RAMURE_TEST_IMAGE ?? "";
const engines = { docker: process.env.RAMURE_TEST_DOCKER, podman: process.env.RAMURE_TEST_PODMAN };
const node = { source: process.execPath, target: "/usr/bin/node", readOnly: true };

for (const [name, socket] of Object.entries(engines)) {
  describe.runIf(socket !== undefined)(`With ${name}`, () => {
    const disk = smallDisk();
    const small = { source: disk ?? "/tmp", target: "/small" };
    const containers = (workDir?: string) =>
      new ContainerImage({ image, socket, network: "none", mounts: [node, small], workDir });
    const asked = (method: string, path: string) => new Engine(socket ?? "").call(method, path);

    itConforms(() => containers(), {
      duplex: true,
      shell: true,
      reach: true,
      fork: true,
      otherUser: "agent",
      at: containers,
      smallDisk: disk === undefined ? undefined : small.target,
      vanish: async ({ summary }) => {
        const id = /container (\w+)/.exec(summary)?.[1];
        await asked("POST", `/containers/${id}/kill`);
      },
    });

    it("an image that nobody has is said, with the engine's words", async () => {
      const nothing = new ContainerImage({ image: "127.0.0.1:1/nothing:latest", socket });
      const spawned = nothing.spawn({ name: "nothing", signal });
      await expect(spawned).rejects.toMatchObject({ code: "machine-unreachable" });
      await expect(spawned).rejects.toThrow(/container of 127\.0\.0\.1:1\/nothing.*engine refuses/);
    });

    it("a pull tells how it goes on", async () => {
      const lines: string[] = [];
      const progress = (line: string): number => lines.push(line);
      const nothing = new ContainerImage({ image: "127.0.0.1:1/nothing:latest", socket, progress });
      await expect(nothing.spawn({ name: "nothing", signal })).rejects.toThrow();
      expect(lines.every((line) => typeof JSON.parse(line) === "object")).toBe(true);
    });

    it("a container that is attached to is used and neither ended nor removed", async () => {
      const kept = await new ContainerImage({ image, socket, network: "none", keep: true }).spawn({
        name: "kept",
        signal,
      });
      await kept.stop();
      const [, container = ""] = /container (\w+)/.exec(kept.summary) ?? [];
      const attached = await new ContainerImage({ container, socket }).spawn({
        name: "in",
        signal,
      });
      const running = expect(attached.exec("sleep 30")).rejects.toMatchObject({
        code: "machine-stopped",
      });
      await attached.writeFile("file", "from within");
      await attached.stop();
      await running;
      const found = await asked("GET", `/containers/${container}/json`);
      expect(field(found, "State", "Running")).toBe(true);
      await asked("DELETE", `/containers/${container}?force=true`);
      const gone = new ContainerImage({ container, socket }).spawn({ name: "gone", signal });
      await expect(gone).rejects.toMatchObject({ code: "machine-unreachable" });
    });

    it("a container has the environment, the user, the mounts and the limits that it is given", async () => {
      const source = newFolder();
      mkdirSync(source);
      writeFileSync(join(source, "file"), "from the host");
      await using machine = await new ContainerImage({
        image,
        socket,
        network: "none",
        user: "agent",
        workDir: "/tmp/work",
        env: { PROBE: "it's\nset" },
        mounts: [{ source, target: "/given", readOnly: true }],
        limits: { memoryBytes: 64 * 1024 * 1024, processes: 50, cpus: 0.5 },
      }).spawn({ name: "limited", signal });
      const said = await machine.exec(
        'id -un; printf "%s\\n" "$PROBE"; cat /given/file; touch /given/x',
      );
      expect(said.stdout).toBe("agent\nit's\nset\nfrom the host");
      expect(said.exitCode).not.toBe(0);
      const [, id = ""] = /container (\w+)/.exec(machine.summary) ?? [];
      const found = await asked("GET", `/containers/${id}/json`);
      expect(field(found, "HostConfig", "Memory")).toBe(64 * 1024 * 1024);
      expect(field(found, "HostConfig", "PidsLimit")).toBe(50);
      expect(field(found, "HostConfig", "NanoCpus")).toBe(500_000_000);
      const tooMany = await machine.exec("for n in {1..100}; do sleep 5 & done; wait");
      expect(tooMany.stderr).toMatch(/Resource temporarily unavailable|fork/);
    });

    itKeepsWorktrees(newFolder, (repository) => {
      const mounts = [{ source: repository, target: repository }];
      return new ContainerImage({ image, socket, network: "none", mounts, workDir: repository });
    });
  });
}

describe.runIf(process.env.RAMURE_TEST_MACHINES)("Where no engine answers", () => {
  const spawnAt = (socket: string) =>
    new ContainerImage({ image: "any", socket }).spawn({ name: "none", signal });

  it("a socket that is not there is said, with what to start", async () => {
    await expect(spawnAt("/nowhere.sock")).rejects.toThrow(/ENOENT\); start docker/);
  });

  it("a socket where nobody listens is said, with what to start", async () => {
    const socket = newFolder();
    const dies =
      "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 9))";
    spawnSync(process.execPath, ["-e", dies, socket]);
    await expect(spawnAt(socket)).rejects.toThrow(/ECONNREFUSED\); .*start the engine/);
  });

  it.runIf(process.getuid?.() === 0)(
    "a socket that this user may not use is said, with a way out",
    async () => {
      const socket = newFolder();
      const server = createServer().listen(socket);
      await once(server, "listening");
      process.seteuid?.(65_534);
      try {
        await expect(spawnAt(socket)).rejects.toThrow(/EACCES\); this user may not use it/);
      } finally {
        process.seteuid?.(0);
        server.close();
      }
    },
  );
});
