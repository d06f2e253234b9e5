import { posix } from "node:path";
import type { Machine } from "../../machines/machine.ts";
import type { LaunchSpec } from "./harness.ts";

/**
 * Choose the file that holds the agent's conversation, an absolute path on its machine.
 *
 * The conversation to go on with is moved to the machine's work directory if the one it was held in
 * is gone: pi would stop and ask, and go nowhere. A file that pi never came to write is no matter:
 * pi makes it anew.
 */
export async function sessionFile(spec: LaunchSpec, directory: string): Promise<string> {
  const file = spec.resume?.file;
  if (file === undefined) return posix.join(directory, `session-${spec.epoch}.jsonl`);
  await keepWorkDir(spec.machine, file);
  return file;
}

async function keepWorkDir(machine: Machine, file: string): Promise<void> {
  const { ok, stdout } = await machine.exec(["head", "-n", "1", "--", file]);
  const header = ok ? headerIn(stdout) : undefined;
  if (!header || header.cwd === undefined) return;
  const { ok: isThere } = await machine.exec(["test", "-d", header.cwd]);
  if (isThere) return;
  const text = new TextDecoder().decode(await machine.readFile(file));
  const moved = JSON.stringify({ ...header.fields, cwd: machine.workDir });
  await machine.writeFile(file, `${moved}${text.slice(text.indexOf("\n"))}`, { mode: 0o600 });
}

interface Header {
  readonly fields: object;
  readonly cwd: string | undefined;
}

function headerIn(line: string): Header | undefined {
  try {
    const fields: unknown = JSON.parse(line);
    if (typeof fields !== "object" || fields === null) return undefined;
    const cwd = "cwd" in fields && typeof fields.cwd === "string" ? fields.cwd : undefined;
    return { fields, cwd };
  } catch {
    return undefined;
  }
}
