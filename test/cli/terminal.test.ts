import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { printable, printableJson } from "../../src/actors/data/index.ts";
import { type BuiltCli, builtCli, cliEnv } from "../fixtures/built-cli.ts";
import { programOf } from "../setup/programs.ts";

/** A title, a colour, a C1 escape, line ends of five kinds, marks that turn text around. */
const evil =
  "x\u001b]0;owned\u0007\u001b[31m\u009b2J\r\nFORGED\nramure: FORGED\u2028FORGED\u0085\u007f\u202eabc\u2066\u200e\u061cy";

const steering = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;
/** What the CLI itself paints with. */
const paints = [1, 2, 22, 31, 32, 33, 36, 39].map((style) => `\u001b[${style}m`);

/** What in a text would steer a terminal, or stands where only ramure's own words do. */
function harmIn(text: string): readonly string[] {
  return text.split("\n").filter((line) => {
    const plain = [...paints, "\t"].reduce((text, paint) => text.replaceAll(paint, ""), line);
    return steering.test(plain) || /^\W{0,3}(?:ramure: )?FORGED/.test(plain);
  });
}

describe("what a model, a program or a person wrote", () => {
  let cli: BuiltCli;
  let home = "";
  let program: ReturnType<typeof start>;
  let stderr = "";

  beforeAll(async () => {
    cli = await builtCli();
    home = await mkdtemp(join(tmpdir(), "rm-steers-"));
    program = start();
    program.stderr.on("data", (bytes: Buffer) => {
      stderr += bytes.toString();
    });
    await Promise.race([
      once(program.stdout, "data"),
      program.then((ended) => Promise.reject(new Error(`It ended: ${ended.stderr}`))),
    ]);
  }, 90_000);

  afterAll(async () => {
    program.kill("SIGTERM");
    await program;
    await rm(home, { recursive: true, force: true });
    await cli.remove();
  });

  function start() {
    return execa(process.execPath, [programOf("test/fixtures/steers.ts"), evil], {
      env: { RAMURE_HOME: home, FORCE_COLOR: "1" },
      reject: false,
    });
  }

  async function ramure(...args: string[]) {
    return await cli.run(args, { env: { ...cliEnv(home), FORCE_COLOR: "1" } });
  }

  const commands: readonly (readonly string[])[] = [
    ["ls"],
    ["ls", "--json"],
    ["status", "--all", "--wide"],
    ["status", "--json"],
    ["logs"],
    ["logs", "--json"],
    ["events"],
    ["events", "--json"],
    ["call", "throws"],
    ["call", "--json", "says"],
    ["call", evil, "a=b"],
    ["call", "says", evil],
    ["call", "says", "--timeout", evil],
    ["send", evil, evil],
    ["connect", "worker"],
    ["ssh", evil],
    ["status", "--debug", "--path", evil],
    ["logs", "--since", evil],
    ["stop", evil],
    ["rm", "--older-than", evil],
    ["--id", evil, "status"],
    [evil],
    ["gc", "--dry-run"],
    ["--get-yargs-completions", "ramure", "call", ""],
  ];

  it.each(commands.map((args) => [args.map(printable).join(" ").slice(0, 60), args] as const))(
    "steers no terminal through ramure %s",
    async (_, args) => {
      const said = await ramure(...args);
      expect(harmIn(said.stdout)).toEqual([]);
      expect(harmIn(said.stderr)).toEqual([]);
    },
  );

  it("is all there, for a program, in what --json gives", async () => {
    const { stdout } = await ramure("call", "--json", "says");
    expect(JSON.parse(stdout).value).toBe(evil);
    const { stdout: raw } = await ramure("call", "says");
    expect(raw).toBe(evil);
    const events = (await ramure("events", "--json")).stdout.split("\n");
    expect(events.map((text) => JSON.parse(text).type)).toContain(evil);
    expect(JSON.parse(printableJson(evil))).toBe(evil);
  });

  it("steers no terminal that a result is shown at", async () => {
    const words = [process.execPath, cli.main, "call", "says"].join(" ");
    const env = { ...cliEnv(home), FORCE_COLOR: "1" };
    const { stdout } = await execa("script", ["-qec", words, "/dev/null"], { env });
    expect(stdout).toContain("owned");
    // A result keeps its lines.
    expect(harmIn(stdout.replaceAll("\r\n", "\n").replaceAll("FORGED", ""))).toEqual([]);
  });

  it("steers no terminal through the program's stderr, and forges no line of ramure there", async () => {
    expect((await ramure("send", "steers", "fail")).exitCode).toBe(0);
    await program;
    expect(stderr).toContain("owned");
    expect(harmIn(stderr)).toEqual([]);
    for (const command of [["status"], ["logs"], ["ls", "--all"]]) {
      const { stdout } = await ramure(...command);
      expect(stdout).toContain("owned");
      expect(harmIn(stdout)).toEqual([]);
    }
  });
});
