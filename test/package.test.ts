import { existsSync, watch } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scriptedModel } from "../src/testing.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const packLimitMs = 240_000;
const published = ["src", "scripts", "examples", "package.json"];
const configs = ["tsconfig.json", "tsconfig.build.json"];
const pages = ["docs", "README.md", "CHANGELOG.md", "LICENSE", "package-lock.json"];

/** A copy is packed, because packing builds, and other suites use the `dist/` that is here. */
let folder: string;
let app: string;
let files: readonly string[];
/** Files of the build before that were gone at a moment of the next one. */
const gone = new Set<string>();
const before = ["extension.mjs", "index.js"];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ramure-package-"));
  const copy = join(folder, "copy");
  app = join(folder, "app");
  for (const name of [...published, ...configs, ...pages])
    await cp(join(root, name), join(copy, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  const dist = join(copy, "dist");
  await mkdir(dist);
  for (const name of [...before, "stale.js"]) await writeFile(join(dist, name), "");
  const watcher = watch(dist, () => {
    for (const name of before) if (!existsSync(join(dist, name))) gone.add(name);
  });
  const { stdout } = await execa("npm", ["pack", "--json", "--pack-destination", folder], {
    cwd: copy,
    stderr: "ignore",
  });
  watcher.close();
  const [pack] = readPack(stdout);
  files = pack?.files ?? [];
  await mkdir(app);
  for (const step of await stepsOf("README.md")) {
    const [command = "", ...words] = step
      .replace(" ramure ", ` ${join(folder, pack?.filename ?? "")} `)
      .split(" ");
    await execa(command, words, { cwd: app, env: quietly });
  }
}, packLimitMs);

const quietly = {
  npm_config_prefer_offline: "true",
  npm_config_ignore_scripts: "true",
  npm_config_audit: "false",
  npm_config_fund: "false",
};

/** The steps of a page's first shell block up to the demo, but the one that installs pi: ours is used, by the PATH. */
async function stepsOf(page: string): Promise<readonly string[]> {
  const [, steps = ""] = /```sh\n(.*?)```/s.exec(await readFile(join(root, page), "utf8")) ?? [];
  const lines = steps.trim().split("\n");
  expect(lines.at(-1)).toBe("npx ramure demo");
  return lines.slice(0, -1).filter((line) => !line.includes("pi-coding-agent"));
}

afterAll(() => rm(folder, { recursive: true, force: true }));

interface Pack {
  readonly filename: string;
  readonly files: readonly string[];
}

/** What `npm pack --json` says; what the build wrote before it is passed over. */
function readPack(stdout: string): readonly Pack[] {
  const packs: unknown = JSON.parse(stdout.slice(stdout.search(/^[[{]/m)));
  const list: readonly unknown[] = Array.isArray(packs) ? packs : Object.values(Object(packs));
  return list.map((pack) => {
    const { filename, files: inside }: Record<string, unknown> = { ...Object(pack) };
    const paths = Array.isArray(inside) ? inside.map((file) => String(Object(file).path)) : [];
    return { filename: String(filename), files: paths };
  });
}

async function run(code: string): Promise<string> {
  const { stdout } = await execa(process.execPath, ["--input-type=module", "-e", code], {
    cwd: app,
  });
  return stdout;
}

describe("the package that npm publishes", () => {
  it("the package that npm publishes holds dist/, docs/, examples/, its pages, and nothing else", () => {
    expect(files).toEqual(expect.arrayContaining(["dist/index.js", "dist/index.d.ts"]));
    expect(files).toEqual(expect.arrayContaining(["dist/extension.mjs", "dist/cli/main.js"]));
    expect(files).toEqual(expect.arrayContaining(["docs/reliability.md", "examples/fan-out.ts"]));
    const others = files.filter((file) => !/^(dist|docs|examples)\//.test(file));
    expect([...others].sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json"]);
  });

  it("is built aside: programs that run from the build before miss no file meanwhile", () => {
    expect([...gone]).toEqual([]);
    expect(files).not.toContain("dist/stale.js");
  });

  it.each([
    ["ramure", "agentProcess"],
    ["ramure/actors", "createSystem"],
    ["ramure/supervisors", "startSupervisor"],
    ["ramure/machines", "LocalImage"],
    ["ramure/testing", "manualClock"],
  ])("the package that npm publishes can be imported as %s", async (entry, name) => {
    expect(await run(`console.log(typeof (await import("${entry}")).${name})`)).toBe("function");
  });

  it("the package that npm publishes has a command that starts", async () => {
    const { version }: { version: string } = JSON.parse(
      await readFile(join(root, "package.json"), "utf8"),
    );
    const { stdout } = await execa("ramure", ["--version"], { cwd: app, preferLocal: true });
    expect(stdout).toBe(version);
  });

  it("the package that npm publishes plays its demo with a pi found on PATH", {
    timeout: 120_000,
  }, async () => {
    const { stdout, stderr } = await execa("ramure", ["demo"], withPi({}));
    expect(stdout.split("\n")).toHaveLength(10);
    expect(stderr.match(/session \S+/g)).toHaveLength(2);
  });

  it("says which line installs pi where there is none", { timeout: 120_000 }, async () => {
    const { exitCode, stderr } = await execa("ramure", ["demo"], {
      ...withPi({ PATH: await pathWithout("pi") }),
      reject: false,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("npm install -g @earendil-works/pi-coding-agent@");
  });

  it("runs the first program of the README as it stands", { timeout: 120_000 }, async () => {
    await using model = await scriptedModel();
    const agentDir = await model.agentDir(join(folder, "agent"));
    const page = await readFile(join(root, "README.md"), "utf8");
    const [, code = ""] = /```ts no-run\n(.*?)```/s.exec(page) ?? [];
    await writeFile(join(app, "quick.ts"), code);
    const env = { PI_CODING_AGENT_DIR: agentDir, PI_OFFLINE: "1" };
    const { stdout } = await execa("tsx", ["quick.ts"], withPi(env));
    expect(stdout.split("\n")).toHaveLength(10);
  });
});

function withPi(env: Readonly<Record<string, string>>) {
  const PATH = `${join(app, "node_modules", ".bin")}:${process.env.PATH}:${join(root, "node_modules", ".bin")}`;
  return { cwd: app, env: { RAMURE_HOME: join(folder, "home"), PATH, ...env } };
}

/** A PATH with all that this host has but the folders of one program; Node stays. */
async function pathWithout(program: string): Promise<string> {
  const node = join(folder, "node");
  await mkdir(node);
  await symlink(process.execPath, join(node, "node"));
  const folders = (process.env.PATH ?? "").split(":");
  const others = folders.filter((one) => !existsSync(join(one, program)));
  return [join(app, "node_modules", ".bin"), node, ...others].join(":");
}
