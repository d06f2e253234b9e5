import { chmod, lstat, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { privateDirectory } from "../../../src/machines/local/private-files.ts";
import { maxSocketPathBytes } from "../../../src/machines/shell.ts";
import { homeLayout, prepareHome, runPaths } from "../../../src/supervisors/home/home.ts";
import { temporaryHome } from "../../fixtures/fake-run.ts";

let home: string;
let remove: () => Promise<void>;

beforeEach(async () => {
  ({ home, remove } = await temporaryHome());
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await remove();
});

const modeOf = async (path: string) => ((await lstat(path)).mode & 0o777).toString(8);

describe("the home of runs", () => {
  it("the home of runs is RAMURE_HOME, or else .ramure in the user's home", () => {
    expect(homeLayout({ RAMURE_HOME: "/x/y", HOME: "/h" }).runtimes).toBe("/x/y/runtimes");
    expect(homeLayout({ HOME: "/h" }).logs).toBe("/h/.ramure/logs");
    expect(homeLayout({ RAMURE_HOME: "", HOME: "/h" }).home).toBe("/h/.ramure");
  });

  it("the home of runs is made for this user alone, whatever the umask", async () => {
    const mask = process.umask(0);
    const layout = await prepareHome({ RAMURE_HOME: join(home, "a/b") });
    process.umask(mask);
    expect(await modeOf(layout.home)).toBe("700");
    expect(await modeOf(layout.runtimes)).toBe("700");
    expect(await modeOf(layout.logs)).toBe("700");
  });

  it("the home of runs is refused when it stood open to others, and keeps its mode", async () => {
    await chmod(home, 0o1777);
    await expect(prepareHome({ RAMURE_HOME: home })).rejects.toThrow(
      `${home} is open to other users (mode 1777); chmod 700 it`,
    );
    expect(((await lstat(home)).mode & 0o7777).toString(8)).toBe("1777");
  });

  it("the home of runs is refused when it is a symbolic link, and the refusal says what to set", async () => {
    await mkdir(join(home, "real"));
    await symlink(join(home, "real"), join(home, "link"));
    const refused = prepareHome({ RAMURE_HOME: join(home, "link") });
    await expect(refused).rejects.toThrow(
      `${join(home, "link")} is a symbolic link; set RAMURE_HOME`,
    );
    await expect(refused).rejects.toMatchObject({ code: "home" });
  });

  it("the home of runs is refused when it is a file", async () => {
    await writeFile(join(home, "file"), "");
    await expect(privateDirectory(join(home, "file"))).rejects.toMatchObject({ code: "home" });
  });

  it.runIf(process.getuid?.() === 0)(
    "the home of runs is refused when it belongs to someone else",
    async () => {
      await mkdir(join(home, "theirs"));
      await execa("chown", ["65534", join(home, "theirs")]);
      await expect(privateDirectory(join(home, "theirs"))).rejects.toThrow("belongs to user 65534");
    },
  );

  it("the home of runs names the path when it cannot be made", async () => {
    await expect(prepareHome({ RAMURE_HOME: "/proc/none" })).rejects.toThrow(
      /^\/proc\/none cannot be made .*RAMURE_HOME/,
    );
  });
});

describe("the paths of a run", () => {
  it("the paths of a run lie in the home, and the log directory is there", async () => {
    const paths = await runPaths(await prepareHome({ RAMURE_HOME: home }), "abc");
    expect(paths).toMatchObject({
      record: join(home, "runtimes/abc.json"),
      socket: join(home, "runtimes/abc.sock"),
      logDir: join(home, "logs/abc"),
    });
    expect(await modeOf(paths.logDir)).toBe("700");
  });

  it("the paths of a run put a socket whose path would be too long into a short directory of this user", async () => {
    vi.stubEnv("TMPDIR", home);
    const long = join(home, "x".repeat(120));
    const { socket } = await runPaths(await prepareHome({ RAMURE_HOME: long }), "abc");
    expect(Buffer.byteLength(socket)).toBeLessThanOrEqual(maxSocketPathBytes);
    expect(socket).toMatch(/ramure-\d+\/abc\.sock$/);
    expect(await modeOf(join(socket, ".."))).toBe("700");
  });

  it("the paths of a run fail clearly when even the short one is too long", async () => {
    const layout = await prepareHome({ RAMURE_HOME: join(home, "x".repeat(120)) });
    await expect(runPaths(layout, "y".repeat(110))).rejects.toMatchObject({
      code: "socket-path-too-long",
    });
  });
});
