/*
 * A machine of four methods alone, and its image: whatever can run a command and keep a file. That is
 * enough to host an agent. It passes no conformance suite: its time limits leave grandchildren behind, its
 * files are not replaced whole, and it does not know a lost way; `backend.ts` shows how to get all that.
 */
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { agent, agentProcess } from "ramure";
import type { ExecResult, Image, Machine } from "ramure/machines";

function minimalMachine(workDir: string, marks: NodeJS.ProcessEnv): Machine {
  const stop = async () => {};
  return {
    kind: "minimal",
    summary: `minimal, ${workDir}`,
    workDir,
    exec: (command, { env, cwd = ".", timeoutMs, input, signal } = {}) =>
      new Promise<ExecResult>((settle, refuse) => {
        const [file = "", ...words] =
          typeof command === "string" ? ["bash", "-c", command] : command;
        const options = {
          cwd: resolve(workDir, cwd),
          env: { ...process.env, ...env, ...marks },
          maxBuffer: 16 * 1024 * 1024,
          ...(timeoutMs ? { timeout: timeoutMs } : {}),
          ...(signal ? { signal } : {}),
        };
        const child = execFile(file, words, options, (error, stdout, stderr) => {
          if (signal?.aborted) return refuse(signal.reason);
          const exitCode = child.exitCode ?? (error?.code === "ENOENT" ? 127 : 124);
          settle({
            exitCode,
            ok: exitCode === 0,
            stdout,
            stderr,
            timedOut: child.exitCode === null,
          });
        });
        child.stdin?.on("error", () => {});
        child.stdin?.end(input ?? "");
      }),
    readFile: (path) => readFile(resolve(workDir, path)),
    writeFile: async (path, content, { mode = 0o644 } = {}) => {
      await mkdir(dirname(resolve(workDir, path)), { recursive: true });
      await writeFile(resolve(workDir, path), content, { mode });
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

export class MinimalImage implements Image {
  readonly kind = "minimal";
  readonly #workDir: string;

  constructor(workDir: string) {
    this.#workDir = workDir;
  }

  async spawn({ env = {}, signal }: Parameters<Image["spawn"]>[0]): Promise<Machine> {
    signal.throwIfAborted();
    await mkdir(this.#workDir, { recursive: true });
    return minimalMachine(this.#workDir, env);
  }
}

/** An agent lives there: without `duplex` and `reach` it comes in by TCP, on the host that is named here. */
export const lister = agentProcess(
  { name: "lister", host: "127.0.0.1" },
  async (workDir: string) => {
    const image = new MinimalImage(workDir);
    const worker = await agent("worker", { image, systemPrompt: "You list files." });
    return (await (await worker.send("List the files here.")).turn()).text;
  },
);
