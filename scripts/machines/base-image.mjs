/*
 * A small container image of this host's own bash, coreutils, tmux and git, with the libraries that
 * they are linked with, made without a registry. Node is mounted by the suites, not copied.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { dirname, join } from "node:path";
import { programPath } from "./programs.mjs";

const programs =
  `bash sh cat cp mv rm mkdir mkfifo rmdir ls ln chmod chown stat head tail tr od wc sort uniq cut
  seq id test true false touch mktemp dirname basename readlink date env printenv printf echo sleep kill ps
  sha256sum tee sed grep awk find xargs tmux git setsid hostname uname expr nohup sync du df yes dd`.split(
    /\s+/,
  );

/** Write the files of the image and give them as one tar. */
export function imageTar(folder) {
  const root = join(folder, "image");
  for (const name of ["tmp", "root", "work", "run", "etc", "proc", "sys", "dev", "usr/bin"]) {
    mkdirSync(join(root, name), { recursive: true });
  }
  chmodSync(join(root, "tmp"), 0o1777);
  const found = programs
    .map((name) => [name, programPath(name)])
    .filter(([, path]) => path?.startsWith("/"));
  for (const [name, path] of found) cpSync(realpathSync(path), join(root, "usr/bin", name));
  const linked = new Set([...found.map(([, path]) => path), process.execPath].flatMap(librariesOf));
  for (const library of linked) {
    const copy = join(root, library);
    mkdirSync(dirname(copy), { recursive: true });
    if (!existsSync(copy)) cpSync(realpathSync(library), copy);
  }
  if (!existsSync(join(root, "bin"))) execFileSync("ln", ["-s", "usr/bin", join(root, "bin")]);
  for (const path of ["/lib/terminfo", "/usr/lib/locale/C.utf8", "/usr/share/terminfo"]) {
    if (existsSync(path)) cpSync(path, join(root, path), { recursive: true });
  }
  writeFileSync(
    join(root, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/bash\nagent:x:1000:1000:agent:/tmp:/bin/bash\n",
  );
  writeFileSync(join(root, "etc/group"), "root:x:0:\nagent:x:1000:\n");
  const tar = join(folder, "image.tar");
  execFileSync("tar", ["--owner=0", "--group=0", "--numeric-owner", "-cf", tar, "-C", root, "."]);
  return tar;
}

function librariesOf(path) {
  const { stdout } = { stdout: listed(path) };
  return [...stdout.matchAll(/(?:=> )?(\/[^ ]+) \(0x/g)].map(([, library]) => library);
}

function listed(path) {
  try {
    return execFileSync("ldd", [realpathSync(path)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return ""; // Linked statically, or a script.
  }
}

/** Give the tar to an engine as an image of this name. */
export async function importImage(socketPath, readTar, name) {
  const [repo, tag] = name.split(":");
  const path = `/images/create?fromSrc=-&repo=${encodeURIComponent(repo)}&tag=${tag}`;
  const answer = await new Promise((resolve, reject) => {
    const sent = request(
      { socketPath, method: "POST", path, headers: { "Content-Type": "application/x-tar" } },
      resolve,
    );
    sent.on("error", reject);
    readTar().pipe(sent);
  });
  let text = "";
  for await (const chunk of answer) text += chunk;
  if (answer.statusCode >= 400 || text.includes('"error"'))
    throw new Error(`the engine took no image: ${text}`);
}
