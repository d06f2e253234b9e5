/*
 * What a fresh clone needs before anything of ours can run. Plain Node, no package: it runs before
 * `npm ci` has run, and on Nodes too old for the rest it only says so.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** How tmux is installed where the package manager is found. */
const tmuxInstalls = {
  brew: [["brew", "install", "tmux"]],
  "apt-get": [
    ["apt-get", "update", "-qq"],
    ["apt-get", "install", "-y", "-qq", "tmux"],
  ],
  dnf: [["dnf", "install", "-y", "tmux"]],
  apk: [["apk", "add", "tmux"]],
  pacman: [["pacman", "-Sy", "--noconfirm", "tmux"]],
  zypper: [["zypper", "install", "-y", "tmux"]],
};

/** Make sure that Node is new enough and that the npm packages of the lock file are installed. */
export function setUp() {
  checkNode(process.versions.node);
  if (packagesMissing()) {
    say("installing npm packages (once)");
    run("npm", ["ci", "--no-audit", "--no-fund"], "npm ci");
  }
}

/** Make sure that there is a tmux: agents live in it. */
export function setUpTmux() {
  if (works("tmux", ["-V"])) return;
  const manager = Object.keys(tmuxInstalls).find((name) => works(name, ["--version"]));
  const asRoot = isRoot() || manager === "brew" ? [] : ["sudo"];
  const install = tmuxInstalls[manager || "apt-get"].map((words) => [...asRoot, ...words]);
  const line = install.map((words) => words.join(" ")).join(" && ");
  if (!manager || (asRoot.length > 0 && !works("sudo", ["-n", "true"])))
    stop(`tmux is missing. Install it and start again:\n\n    ${line}\n`);
  say(`installing tmux (once): ${line}`);
  for (const [command, ...words] of install) run(command, words, line);
}

export function say(text) {
  process.stderr.write(`ramure: ${text}\n`);
}

/** Run a program on this terminal and give its exit code. It is ended after `limitMs`. */
export function runHere(command, words, { env = process.env, limitMs } = {}) {
  const options = { cwd: root, stdio: "inherit", env, timeout: limitMs };
  const { status, error } = spawnSync(command, words, options);
  if (error?.code === "ETIMEDOUT") say(`${command} was ended after ${limitMs / 60_000} minutes`);
  else if (error) say(`${command} did not start: ${error.message}`);
  return status === null ? 1 : status;
}

export function checkNode(version) {
  const [major, minor] = version.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  stop(
    `this is Node ${version}; ramure needs 20.19 or newer. See https://nodejs.org or your version manager.`,
  );
}

function packagesMissing() {
  const installed = `${root}node_modules/.package-lock.json`;
  if (!existsSync(installed)) return true;
  const wanted = JSON.parse(readFileSync(`${root}package-lock.json`, "utf8")).packages;
  const there = JSON.parse(readFileSync(installed, "utf8")).packages;
  return Object.keys(wanted).some((path) => {
    if (path === "" || wanted[path].optional || wanted[path].devOptional) return false;
    return !there[path] || there[path].version !== wanted[path].version;
  });
}

function isRoot() {
  return typeof process.getuid === "function" && process.getuid() === 0;
}

function works(command, words) {
  return spawnSync(command, words, { stdio: "ignore" }).status === 0;
}

function run(command, words, line) {
  const code = runHere(command, words);
  if (code !== 0) stop(`\`${line}\` failed with exit code ${code}; what it said stands above.`);
}

/** Say why it goes no further, and end. */
export function stop(text) {
  say(text);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp();
