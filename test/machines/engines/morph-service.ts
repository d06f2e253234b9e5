import { execFileSync } from "node:child_process";
import { EventEmitter } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MorphOptions } from "../../../src/machines/morph/index.ts";
import { startSshd, type TestSshd } from "./sshd.ts";

interface Kept {
  status: string;
  readonly digest?: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  ttl: { readonly ttl_seconds?: number; readonly ttl_action?: string | undefined };
}

/** MorphCloud's service as its published clients see it, with the files of this host for machines. */
export class FakeMorph {
  readonly key = `morph_${Math.random().toString(36).slice(2)}`;
  /** Emits the method and path of each call, such as `POST /instance`. */
  readonly calls = new EventEmitter();
  readonly instances = new Map<string, Kept>();
  readonly snapshots = new Map<string, Kept>();
  readonly #folder = mkdtempSync(join(tmpdir(), "rt-morph-"));
  readonly #server = createServer((request, response) => {
    void this.#answer(request).then(({ status, body }) => {
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(JSON.stringify(body));
    });
  });
  #sshd: TestSshd | undefined;
  #count = 0;

  /** What a MorphImage needs to use it. */
  get access(): MorphOptions {
    const address = this.#server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    return {
      snapshot: "snapshot_base",
      apiKey: this.key,
      baseUrl: `http://127.0.0.1:${port}`,
      sshHost: this.#sshd?.access.host,
      sshPort: this.#sshd?.access.port,
      knownHosts: this.#sshd?.access.knownHosts,
      workDir: join(this.#there, "work"),
    };
  }

  async start(): Promise<void> {
    for (const name of ["there", "base"]) mkdirSync(join(this.#folder, name));
    writeFileSync(join(this.#folder, "users"), "");
    this.snapshots.set("snapshot_base", { status: "ready", metadata: {}, ttl: {} });
    mkdirSync(join(this.#folder, "snapshot_base"));
    const keys = join(this.#folder, "keys");
    writeFileSync(keys, `grep -qxF -e "$1" ${this.#users} && echo "$2 $3"\n`);
    const enter = join(this.#folder, "enter");
    writeFileSync(enter, enterScript(this.#folder, this.#there));
    this.#sshd = await startSshd({
      env: { LD_PRELOAD: this.#usersOfSshd() },
      more: [
        `AuthorizedKeysCommand /bin/sh ${keys} %u %t %k`,
        "AuthorizedKeysCommandUser root",
        `ForceCommand /bin/sh ${enter}`,
      ],
    });
    this.#server.keepAliveTimeout = 0;
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    for (const id of this.instances.keys()) this.remove(id);
    await this.#sshd?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** End an instance with all that runs there, as a failure of the service would. */
  remove(id: string): void {
    this.instances.delete(id);
    this.#letIn();
    const find = `grep -lasF FAKE_MORPH=${id} /proc/[0-9]*/environ`;
    const found = execFileSync("sh", ["-c", `${find} || true`], { encoding: "utf8" });
    for (const [, pid] of found.matchAll(/\/proc\/(\d+)\//g)) kill(Number(pid));
    rmSync(join(this.#folder, id), { recursive: true, force: true });
  }

  get #there(): string {
    return join(this.#folder, "there");
  }

  get #users(): string {
    return join(this.#folder, "users");
  }

  /** The users of the service's gateway are instances, whom no system has. What stands behind the colon sshd never shows. */
  #usersOfSshd(): string {
    const [source, library] = [join(this.#folder, "users.c"), join(this.#folder, "users.so")];
    writeFileSync(source, usersSource);
    execFileSync("gcc", ["-shared", "-fPIC", "-o", library, source, "-ldl"]);
    return library;
  }

  #letIn(): void {
    const ready = [...this.instances].filter(([, { status }]) => status === "ready");
    // Whole or not at all: sshd may be looking a user up meanwhile.
    const draft = `${this.#users}.draft`;
    writeFileSync(draft, ready.map(([id]) => `${id}\n`).join(""));
    renameSync(draft, this.#users);
  }

  async #answer(request: IncomingMessage): Promise<{ readonly status: number; body: unknown }> {
    const url = new URL(request.url ?? "", "http://morph");
    let text = "";
    for await (const chunk of request) text += chunk;
    this.calls.emit("call", `${request.method} ${url.pathname}`);
    if (request.headers.authorization !== `Bearer ${this.key}`) {
      return { status: 401, body: { detail: "Invalid API key" } };
    }
    const [, kind = "", id = "", act = ""] = url.pathname.split("/");
    const body = text === "" ? {} : JSON.parse(text);
    const all = kind === "snapshot" ? this.snapshots : this.instances;
    const one = all.get(id);
    const missing = { status: 404, body: { detail: `No ${kind} ${id}` } };
    if (id !== "" && one === undefined) return missing;
    const verb = [request.method, kind, ...(id === "" ? [] : ["ID"]), ...(act ? [act] : [])];
    switch (verb.join(" ")) {
      case "POST snapshot":
        return { status: 200, body: this.#recipe(body) };
      case "GET instance":
        return { status: 200, body: { data: this.#list(url.searchParams) } };
      case "POST instance": {
        const from = url.searchParams.get("snapshot_id") ?? "";
        if (!this.snapshots.has(from)) return { status: 404, body: { detail: "No such snapshot" } };
        return { status: 200, body: this.#made("instance", from, body) };
      }
      case "GET snapshot ID":
      case "GET instance ID": {
        const seen = { id, ...one };
        if (one) one.status = "ready"; // The first to ask still finds it pending.
        this.#letIn();
        return { status: 200, body: seen };
      }
      case "DELETE instance ID":
        this.remove(id);
        return { status: 200, body: {} };
      case "DELETE snapshot ID":
        this.snapshots.delete(id);
        rmSync(join(this.#folder, id), { recursive: true, force: true });
        return { status: 200, body: {} };
      case "POST instance ID ttl":
        if (one) one.ttl = body;
        return { status: 200, body: { id, ...one } };
      case "POST instance ID snapshot":
        return { status: 200, body: this.#made("snapshot", id, {}) };
      case "POST instance ID branch": {
        const snapshot = this.#made("snapshot", id, {});
        const instances = [this.#made("instance", snapshot.id, {})];
        return { status: 200, body: { snapshot, instances } };
      }
      default:
        return missing;
    }
  }

  #recipe({ digest }: { readonly digest?: string }): { readonly id: string } {
    const known = [...this.snapshots].find(([, one]) => digest && one.digest === digest);
    return known ? { id: known[0], ...known[1] } : this.#made("snapshot", "base", { digest });
  }

  #made(
    kind: "snapshot" | "instance",
    from: string,
    body: {
      readonly metadata?: Readonly<Record<string, string>>;
      readonly digest?: string | undefined;
      readonly ttl_seconds?: number;
      readonly ttl_action?: string;
    },
  ): { readonly id: string } {
    this.#count += 1;
    const id = `${kind === "instance" ? "morphvm" : "snapshot"}_${this.#count}`;
    const { metadata = {}, digest, ttl_seconds, ttl_action } = body;
    const ttl = ttl_seconds === undefined ? {} : { ttl_seconds, ttl_action };
    const made: Kept = { status: "pending", metadata, digest, ttl };
    cpSync(join(this.#folder, from), join(this.#folder, id), { recursive: true });
    (kind === "snapshot" ? this.snapshots : this.instances).set(id, made);
    return { id, ...made };
  }

  #list(query: URLSearchParams): readonly unknown[] {
    const wanted = [...query].map(([name, value]) => [name.slice("metadata[".length, -1), value]);
    return [...this.instances]
      .filter(([, { metadata }]) => wanted.every(([name = "", value]) => metadata[name] === value))
      .map(([id, one]) => ({ id, ...one }));
  }
}

/** Each instance sees its own files under one and the same path. */
function enterScript(folder: string, there: string): string {
  return `id=$USER
exec env USER=root LOGNAME=root FAKE_MORPH=$id unshare -m sh -c 'mount --bind "$1" "$2" && exec bash -c "$3"' sh "${folder}/$id" "${there}" "\${SSH_ORIGINAL_COMMAND:-bash}"
`;
}

const usersSource = `#define _GNU_SOURCE
#include <dlfcn.h>
#include <pwd.h>
#include <string.h>
struct passwd *getpwnam(const char *name) {
  static struct passwd *(*real)(const char *);
  static char given[256];
  if (!real) real = dlsym(RTLD_NEXT, "getpwnam");
  if (strncmp(name, "morphvm_", 8) || strlen(name) >= sizeof given) return real(name);
  struct passwd *root = real("root");
  if (root) root->pw_name = strcpy(given, name);
  return root;
}
`;

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}
