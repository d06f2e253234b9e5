import { tmpdir } from "node:os";
import { expect, it } from "vitest";
import { readCredentials } from "../../../../src/actors/agent/pi/credentials.ts";
import { preparePiHost } from "../../../../src/actors/agent/pi/host.ts";
import { HomeError } from "../../../../src/machines/errors.ts";
import { LocalImage } from "../../../../src/machines/local/local.ts";

it("preparing a host names the directory and the cause when there is no writing where the run has its files", async () => {
  const { signal } = new AbortController();
  await using machine = await new LocalImage({ workDir: tmpdir() }).spawn({ name: "here", signal });
  const shut = () => {
    throw new Error("nobody comes in here");
  };
  const credentials = await readCredentials();
  const door = { socket: "/proc/nowhere/run.sock", admit: shut, connect: shut };
  const failing = preparePiHost({ machine, door, id: "x", find: {}, credentials, signal });
  await expect(failing).rejects.toThrow(HomeError);
  await expect(failing).rejects.toThrow(
    /^\/proc\/nowhere cannot be written \(ENOENT: .*\); set RAMURE_HOME/,
  );
});
