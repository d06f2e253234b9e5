import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const packLimitMs = 240_000;
const published = ["src", "scripts", "package.json", "tsconfig.json", "tsconfig.build.json"];
const pages = ["docs", "README.md", "CHANGELOG.md", "LICENSE", "package-lock.json"];

/** A copy is packed, because packing builds, and other suites use the `dist/` that is here. */
let folder: string;
let app: string;
let files: readonly string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ramure-package-"));
  const copy = join(folder, "copy");
  app = join(folder, "app");
  for (const name of [...published, ...pages])
    await cp(join(root, name), join(copy, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  const { stdout } = await execa("npm", ["pack", "--json", "--pack-destination", folder], {
    cwd: copy,
    stderr: "ignore",
  });
  const [pack] = readPack(stdout);
  files = pack?.files ?? [];
  await mkdir(app);
  await writeFile(join(app, "package.json"), '{ "type": "module" }');
  const words = ["install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"];
  await execa("npm", [...words, join(folder, pack?.filename ?? ""), "zod"], { cwd: app });
}, packLimitMs);

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
  it("the package that npm publishes holds dist/, docs/, its pages, and nothing else", () => {
    expect(files).toEqual(expect.arrayContaining(["dist/index.js", "dist/index.d.ts"]));
    expect(files).toEqual(expect.arrayContaining(["dist/extension.mjs", "dist/cli/main.js"]));
    expect(files).toContain("docs/reliability.md");
    const others = files.filter((file) => !/^(dist|docs)\//.test(file));
    expect([...others].sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json"]);
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

  it("the package that npm publishes runs the quick start with a pi found on PATH", {
    timeout: 120_000,
  }, async () => {
    const source = await readFile(join(root, "examples", "quickstart.ts"), "utf8");
    const { code } = await transform(source, { loader: "ts", format: "esm", target: "node20" });
    await writeFile(join(app, "quickstart.mjs"), code);
    const pi = join(root, "node_modules", ".bin");
    const { stdout, stderr } = await execa(process.execPath, ["quickstart.mjs"], {
      cwd: app,
      env: { RAMURE_HOME: join(folder, "home"), PATH: `${process.env.PATH}:${pi}` },
    });
    expect(stdout.split("\n")).toHaveLength(10);
    expect(stderr.match(/session \S+/g)).toHaveLength(2);
  });
});
