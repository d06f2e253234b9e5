import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../scripts/source-files.ts";
import { type BuiltCli, builtCli, cliEnv } from "../fixtures/built-cli.ts";
import { programOf } from "../setup/programs.ts";

const team = programOf("test/fixtures/team.ts");

describe("the CLI with a run of two real pis", () => {
  let cli: BuiltCli;
  let home = "";
  let program: ReturnType<typeof startTeam>;
  let lines: Interface;

  beforeAll(async () => {
    cli = await builtCli();
    home = await mkdtemp(join(tmpdir(), "ramure-live-"));
    program = startTeam(home);
    lines = createInterface({ input: program.stdout });
    await line("ready ");
  });

  afterAll(async () => {
    program.kill("SIGTERM");
    await program;
    const left = await readdir(join(home, "runtimes"));
    await rm(home, { recursive: true, force: true });
    await cli.remove();
    expect(left).toEqual([]);
  });

  /** Resolves with the rest of the program's next line that begins so. */
  function line(start: string): Promise<string> {
    return new Promise((resolve) => {
      const take = (text: string): void => {
        if (!text.startsWith(start)) return;
        lines.off("line", take);
        resolve(text.slice(start.length));
      };
      lines.on("line", take);
    });
  }

  const ramure = (...args: string[]) => cli.run(args, { env: cliEnv(home) });

  it("the CLI with a run of two real pis lists the run, and shows its tree and its connections", async () => {
    const { stdout } = await ramure("ls");
    expect(stdout).toContain(relative(root, team));
    const status = await ramure("status");
    expect(status.exitCode).toBe(0);
    for (const part of ["team", "local", "author", "reviewer", "a team of two"]) {
      expect(status.stdout).toContain(part);
    }
    expect(status.stdout).toMatch(/author -> .*reviewer/);
  });

  it("the CLI with a run of two real pis gives the status as one object of schema 1", async () => {
    const { stdout } = await ramure("status", "--json");
    const status = JSON.parse(stdout);
    expect(status.schema).toBe(1);
    const paths = status.nodes.map(({ path }: { path: string }) => path);
    expect(paths).toEqual(["/team", "/team/local", "/team/author", "/team/reviewer"]);
    expect(status.connections).toEqual([{ from: "/team/author", to: "/team/reviewer" }]);
  });

  it("the CLI with a run of two real pis sends to a process and to an agent", async () => {
    const received = line("received ");
    expect((await ramure("send", "team", '{"add":1}')).exitCode).toBe(0);
    expect(JSON.parse(await received)).toEqual({ add: 1 });
    const sent = await ramure("send", "author", "Hello, author.");
    expect(sent.exitCode).toBe(0);
    const unknown = await ramure("send", "autor", "Hello?");
    expect(unknown.exitCode).toBe(3);
    expect(unknown.stderr).toContain("author");
  });

  it("the CLI with a run of two real pis calls an endpoint", async () => {
    const { stdout, exitCode } = await ramure("call", "double", "n=21");
    expect({ stdout: stdout.trim(), exitCode }).toEqual({ stdout: "42", exitCode: 0 });
    const wrong = await ramure("call", "double", "n=many");
    expect(wrong.exitCode).toBe(1);
    expect(wrong.stderr).toContain("n:");
  });

  it("the CLI with a run of two real pis runs a command where an agent lives", async () => {
    const { stdout, exitCode } = await ramure("ssh", "author", "--", "pwd");
    expect({ stdout: stdout.trim(), exitCode }).toEqual({ stdout: process.cwd(), exitCode: 0 });
  });

  it("the CLI with a run of two real pis lets a person into an agent's terminal and out again, without harm", async () => {
    const socket = join(home, "viewer.sock");
    const tmux = (...args: string[]) => execa("tmux", ["-S", socket, "-f", "/dev/null", ...args]);
    const screen = async (name: string) =>
      (await tmux("capture-pane", "-p", "-t", `=${name}:`)).stdout;
    const shows = (name: string, text: string) => expect.poll(() => screen(name)).toContain(text);
    const sizes = ["60x45", "110x40", "200x50"] as const;
    try {
      for (const size of sizes) {
        const [cols = "", rows = ""] = size.split("x");
        const stays = ["sh", "-c", '"$@"; sleep 60', "sh"];
        const words = [...stays, ...connectArgv(home, cli)];
        await tmux("new-session", "-d", "-s", size, "-x", cols, "-y", rows, "--", ...words);
        await shows(size, "C-b d leaves   /team/author");
        // pi draws a rule as wide as its terminal.
        await shows(size, "─".repeat(Number(cols)));
        expect(await screen(size)).not.toMatch(/·····/);
      }
      for (const size of [...sizes].reverse()) {
        await tmux("send-keys", "-t", `=${size}:`, "C-b", "d");
        await shows(size, "Left /team/author; it goes on (idle).");
        expect(await screen(size)).not.toContain("detached");
      }
    } finally {
      await tmux("kill-server").catch(() => {});
    }
    expect((await ramure("status")).stdout).toMatch(/author .*idle/);
  });
});

function startTeam(home: string) {
  return execa(process.execPath, [team], {
    env: { RAMURE_HOME: home },
    reject: false,
    forceKillAfterDelay: false,
    timeout: 150_000,
  });
}

/** The words of `ramure connect author`, with its environment. */
function connectArgv(home: string, cli: BuiltCli): readonly string[] {
  return ["env", ...assignments(cliEnv(home)), process.execPath, cli.main, "connect", "author"];
}

function assignments(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}=${value}`,
  );
}
