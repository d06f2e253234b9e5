/*
 * Programs that the suites of `npm run test:machines` use, and where they come from. Run as a program
 * it prints the packages that are missing.
 */
import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const packages = {
  bwrap: "bubblewrap",
  nsenter: "util-linux",
  setpriv: "util-linux",
  ip: "iproute2",
  unshare: "util-linux",
  gcc: "gcc libc6-dev",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  sshd: "openssh-server",
  dockerd: "docker.io",
  docker: "docker.io",
  podman: "podman",
  runc: "runc",
  tmux: "tmux",
};

/** Find a program on the PATH, or where Debian keeps those of the system. */
export function programPath(name) {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/sbin", "/usr/bin"];
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Say which of these programs are missing, with the line that installs them; undefined for none. */
export function missing(names) {
  const absent = names.filter((name) => programPath(name) === undefined);
  if (absent.length === 0) return undefined;
  return `no ${absent.join(", ")} here: apt-get install -y --no-install-recommends ${packagesOf(absent)}`;
}

function packagesOf(names) {
  return [...new Set(names.map((name) => packages[name] ?? name))].join(" ");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(packagesOf(Object.keys(packages).filter((name) => !programPath(name))));
}
