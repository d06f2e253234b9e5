/*
 * `npm run test:pi-latest`: the suites that start a real pi, with the newest pi that installs on a newer
 * Node, all of it on that Node. Both come from npm into a cache, once; what is first on PATH is found.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { root, runHere, say, setUp, stop } from "./setup.mjs";

/** The newest versions that were tried, so that a run tells the same tomorrow. */
const nodeVersion = "24.21.0";
const pi = { name: "@earendil-works/pi-coding-agent", version: "0.87.1" };
/** Where there is a Node as an npm package. */
const platforms = ["linux-x64", "linux-arm64"];

setUp();
const node = { name: nodePackage(), version: nodeVersion };
const folder = join(cacheFolder(), "ramure", `pi-${pi.version}-node-${node.version}`);
const nodeBin = join(folder, "node_modules", node.name, "bin");
const path = [nodeBin, join(folder, "node_modules", ".bin"), process.env.PATH].join(delimiter);
const env = { ...process.env, PATH: path, RAMURE_TEST_PI: pi.version };
install();
say(`pi ${says("pi")} on Node ${says("node")}, from ${folder}`);
const words = process.argv.slice(2);
const suites = words.length > 0 ? words : suitesOfPi();
process.exitCode = runHere(join(nodeBin, "node"), ["scripts/test.mjs", ...suites], { env });

function nodePackage() {
  const platform = `${process.platform}-${process.arch}`;
  if (platforms.includes(platform)) return `node-${platform}`;
  return stop(
    `test:pi-latest takes Node ${nodeVersion} from npm, and has it for ${platforms.join(" and ")} only; this is ${platform}. With Node 22.19 or newer and pi ${pi.version} first on your PATH, the same is: RAMURE_TEST_PI=${pi.version} npx vitest run test/actors/agent`,
  );
}

function cacheFolder() {
  return process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
}

/** Node first: pi is installed by the Node that it will run on. */
function install() {
  const missing = [node, pi].filter((wanted) => !isInstalled(wanted));
  if (missing.length === 0) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  for (const { name, version } of [node, pi]) npmInstall(`${name}@${version}`);
}

/** npm writes its lock last, so what stands there is complete. */
function isInstalled({ name, version }) {
  const lock = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(lock)) return false;
  const { packages } = JSON.parse(readFileSync(lock, "utf8"));
  return packages[`node_modules/${name}`]?.version === version;
}

function npmInstall(what) {
  say(`installing ${what} (once)`);
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const code = runHere("npm", ["install", "--prefix", folder, "--save-exact", ...flags, what], {
    env,
  });
  if (code === 0) return;
  rmSync(folder, { recursive: true, force: true });
  stop(
    `${what} could not be installed (npm's exit code ${code}; what it said stands above). Is the registry reachable: npm ping?`,
  );
}

/** The version that a command of the new PATH tells: it was installed, but does it run here? */
function says(command) {
  const { status, stdout, stderr, error } = spawnSync(command, ["--version"], {
    env,
    encoding: "utf8",
  });
  if (status === 0) return stdout.trim() || stderr.trim();
  return stop(
    `${command} from ${folder} does not run here: ${error ? error.message : stderr.trim()}`,
  );
}

/** Every suite that drives pi itself, or starts a program that does. */
function suitesOfPi() {
  const fixtures = filesUnder("test/fixtures").filter((file) => contains(file, /\bpiHarness\b/));
  const drives = [/\b(piWorld|piHarness|piKills)\b/, /\bquickstart\.ts\b/];
  const suites = filesUnder("test").filter((file) => file.endsWith(".test.ts"));
  return suites.filter(
    (file) =>
      drives.some((sign) => contains(file, sign)) ||
      fixtures.some((fixture) => contains(file, fixture)),
  );
}

function filesUnder(directory) {
  const entries = readdirSync(join(root, directory), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
}

function contains(file, sign) {
  const text = readFileSync(join(root, file), "utf8");
  return typeof sign === "string" ? text.includes(sign) : sign.test(text);
}
