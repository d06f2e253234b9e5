/*
 * Engines for the suites, each with roots, sockets and state of its own under one folder, so that an
 * engine of the host is neither used nor touched. Each gives `stop()`, which leaves nothing.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { programPath } from "./programs.mjs";

/** An engine that was started and ended again, with the last lines that it said. */
export class EngineRefused extends Error {}

/** dockerd with no network of its own but `none` and `host`. Rejects with EngineRefused. */
export async function startDocker(folder) {
  const socket = join(folder, "docker.sock");
  const words = ["--data-root", join(folder, "root"), "--exec-root", join(folder, "run")];
  const alone = [
    "--pidfile",
    join(folder, "pid"),
    "--bridge=none",
    "--iptables=false",
    "--ip-forward=false",
  ];
  return await started(
    folder,
    [programPath("dockerd"), ...words, ...alone, "--storage-driver=vfs", "-H", `unix://${socket}`],
    socket,
  );
}

/** podman's service, with runc: crun refuses hosts whose cgroups are of both kinds. */
export async function startPodman(folder) {
  const socket = join(folder, "podman.sock");
  const config = `[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
log_driver = "none"
`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "containers.conf"), config);
  const roots = [
    "--root",
    join(folder, "root"),
    "--runroot",
    join(folder, "run"),
    "--storage-driver",
    "vfs",
  ];
  const words = [programPath("podman"), ...roots, "--runtime", "runc"];
  const env = { ...process.env, CONTAINERS_CONF: join(folder, "containers.conf") };
  const engine = await started(
    folder,
    [...words, "system", "service", "-t", "0", `unix://${socket}`],
    socket,
    env,
  );
  const stop = async () => {
    const [command, ...args] = words;
    spawnSync(command, [...args, "rm", "-af", "-t", "0"], { env, stdio: "ignore" });
    await engine.stop();
  };
  return { ...engine, stop };
}

async function started(folder, [command, ...args], socket, env = process.env) {
  mkdirSync(folder, { recursive: true });
  const log = openSync(join(folder, "log"), "w");
  const child = spawn(command, args, { env, stdio: ["ignore", log, log], detached: true });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    end(child.pid, "SIGTERM");
    await Promise.race([ended, pause(15_000)]);
    end(child.pid, "SIGKILL");
    endHelpers(folder);
    for (let round = 0; round < 20 && unmount(folder); round += 1) await pause(100);
  };
  for (let round = 0; round < 300; round += 1) {
    if (child.exitCode !== null) break;
    if (existsSync(socket) && (await answers(socket))) return { socket, stop };
    await pause(100);
  }
  await stop();
  throw new EngineRefused(
    readFileSync(join(folder, "log"), "utf8").trim().split("\n").slice(-4).join("\n"),
  );
}

function end(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended.
  }
}

/** Engines leave helpers of commands and containers behind for minutes; the engine's folder stands in their words. */
function endHelpers(folder) {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      if (words.includes(`${folder}/`)) process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended.
    }
  }
}

/** Engines that were killed leave mounts, and a mount keeps a folder. */
function unmount(folder) {
  const mounts = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "");
  const below = mounts
    .filter((path) => path.startsWith(`${folder}/`))
    .sort()
    .reverse();
  for (const path of below) spawnSync("umount", ["-l", path], { stdio: "ignore" });
  return below.length > 0;
}

function answers(socketPath) {
  return new Promise((resolve) => {
    const sent = request({ socketPath, path: "/_ping", timeout: 2_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    sent.on("error", () => resolve(false));
    sent.end();
  });
}
