/*
 * `npm run test:machines`: the suites of machines that need more than Node, git, tmux and pi. Starts
 * engines of its own, says what this host lacks and how to get it, and removes what it made. In CI a
 * backend that did not run counts as failed, unless its engine was started and refused this host.
 * More words go to vitest, such as `-- test/machines/engines/ssh.test.ts` or `-- -t "full"`.
 */
import { spawnSync } from "node:child_process";
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageTar, importImage } from "./machines/base-image.mjs";
import { EngineRefused, startDocker, startPodman } from "./machines/engines.mjs";
import { missing } from "./machines/programs.mjs";
import { runHere, say, setUp, setUpTmux } from "./setup.mjs";
import { finish, runSuites } from "./suites.mjs";

const suites = ["test/machines/engines", "test/machines/local/local.test.ts"];
const limitMs = 8.5 * 60_000;

setUp();
setUpTmux();
const folder = mkdtempSync(join(tmpdir(), "rm-"));
const env = {
  ...process.env,
  RAMURE_TEST_MACHINES: "1",
  RAMURE_TEST_IMAGE: "ramure-test:latest",
};
const started = [];
/** What did not run, why, and whether the host is to blame. */
const absent = [];
let tar;
let result;
try {
  sandbox();
  const noSsh = missing(["ssh", "sshd", "ip"]);
  if (noSsh) absent.push({ name: "ssh", why: noSsh });
  else env.RAMURE_TEST_SSH = "1";
  const noMorph = missing(["ssh", "ssh-keygen", "sshd", "gcc", "unshare"]);
  if (noMorph) absent.push({ name: "a fake of MorphCloud", why: noMorph });
  else env.RAMURE_TEST_MORPH = "1";
  await engine("docker", ["dockerd", "docker", "runc"], startDocker, "RAMURE_TEST_DOCKER");
  await engine("podman", ["podman", "runc"], startPodman, "RAMURE_TEST_PODMAN");
  const given = process.argv.slice(2);
  const words = given.some((word) => word.startsWith("test/")) ? given : [...suites, ...given];
  result = runSuites(["--maxWorkers=2", ...words], { env, limitMs });
  if (given.length === 0) {
    say("times, the middle of seven each");
    runHere(process.execPath, ["--import", "tsx", "scripts/machines/times.ts"], { env, limitMs });
  }
} finally {
  for (const one of started.reverse()) await one.stop();
  rmSync(folder, { recursive: true, force: true });
}
for (const { name, why } of absent) say(`not run: ${name} (${why})`);
const demanded = process.env.CI === "true" ? absent.filter(({ refused }) => !refused).length : 0;
finish(result, demanded);

function sandbox() {
  const lacks = missing(["bwrap", "nsenter", "setpriv"]);
  if (lacks) return absent.push({ name: "sandbox", why: lacks });
  const words = ["--unshare-user", "--ro-bind", "/", "/", "--", "true"];
  const { status, stderr } = spawnSync("bwrap", words, { encoding: "utf8" });
  if (status === 0) env.RAMURE_TEST_SANDBOX = "1";
  else absent.push({ name: "sandbox", why: cannot(stderr.trim()), refused: true });
}

async function engine(name, programs, start, variable) {
  const lacks = missing(programs);
  if (lacks) return absent.push({ name, why: lacks });
  if (process.getuid?.() !== 0)
    return absent.push({ name, why: "a private engine needs root", refused: true });
  say(`starting ${name} on roots of its own`);
  try {
    const running = await start(join(folder, name));
    started.push(running);
    tar ??= imageTar(folder);
    await importImage(running.socket, () => createReadStream(tar), env.RAMURE_TEST_IMAGE);
    env[variable] = running.socket;
  } catch (error) {
    if (!(error instanceof EngineRefused)) throw error;
    absent.push({ name, why: cannot(error.message), refused: true });
  }
}

function cannot(why) {
  return `this host cannot start it: ${why}`;
}
