/*
 * `npm run test:machines`: the suites of machines that need more than Node, git, tmux and pi. Starts
 * engines of its own, says what this host lacks and how to get it, and removes what it made.
 */
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageTar, importImage } from "./machines/base-image.mjs";
import { startDocker, startPodman } from "./machines/engines.mjs";
import { missing } from "./machines/programs.mjs";
import { root, runHere, say, setUp, setUpTmux } from "./setup.mjs";

setUp();
setUpTmux();
const folder = mkdtempSync(join(tmpdir(), "rm-"));
const env = { RAMURE_TEST_MACHINES: "1", RAMURE_TEST_IMAGE: "ramure-test:latest" };
const started = [];
const absent = [];
let tar;
let code = 1;
try {
  await prepare();
  say("building the extension and the CLI");
  code = runHere(process.execPath, ["--import", "tsx", "scripts/build/bundles.ts"]);
  if (code === 0) {
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    const words = process.argv.length > 2 ? process.argv.slice(2) : ["test/machines/engines"];
    Object.assign(process.env, env);
    code = runHere(process.execPath, [vitest, "run", "--maxWorkers=2", ...words]);
  }
} finally {
  for (const engine of started.reverse()) await engine.stop();
  rmSync(folder, { recursive: true, force: true });
}
for (const line of absent) say(`not run: ${line}`);
const demanded = process.env.CI === "true" && absent.length > 0;
if (demanded) say("in CI every backend has to run");
process.exitCode = code === 0 && !demanded ? 0 : 1;

async function prepare() {
  const sandbox = missing(["bwrap", "nsenter", "setpriv"]);
  if (sandbox) absent.push(`sandbox (${sandbox})`);
  else env.RAMURE_TEST_SANDBOX = "1";
  const ssh = missing(["ssh", "sshd"]);
  if (ssh) absent.push(`ssh (${ssh})`);
  else env.RAMURE_TEST_SSH = "1";
  await engine("docker", ["dockerd", "docker", "runc"], startDocker, "RAMURE_TEST_DOCKER");
  await engine("podman", ["podman", "runc"], startPodman, "RAMURE_TEST_PODMAN");
}

async function engine(name, programs, start, variable) {
  const lacks = missing(programs);
  if (lacks) return absent.push(`${name} (${lacks})`);
  if (process.getuid?.() !== 0) return absent.push(`${name} (a private engine needs root)`);
  say(`starting ${name} on roots of its own`);
  try {
    const running = await start(join(folder, name));
    started.push(running);
    tar ??= imageTar(folder);
    await importImage(running.socket, () => createReadStream(tar), env.RAMURE_TEST_IMAGE);
    env[variable] = running.socket;
  } catch (error) {
    absent.push(`${name} (this host cannot start it: ${error.message})`);
  }
}
