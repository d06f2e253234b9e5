import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, join, posix } from "node:path";
import { MachineFileError } from "../../../machines/errors.ts";
import { writeHostFile } from "../../../machines/local/index.ts";
import type { Machine } from "../../../machines/machine.ts";
import { parsedJson } from "../../data/index.ts";
import type { Conversation, LaunchSpec } from "../wire/index.ts";

/** The file of a conversation, an absolute path on its machine. */
export interface SessionPlace {
  readonly file: string;
  /** The new place of a file with which pi could not have continued. */
  readonly aside?: string | undefined;
}

/**
 * Choose the file that holds the agent's conversation.
 *
 * The conversation to continue is moved to the machine's work directory if the one it was held in
 * is gone: pi would stop and ask, and go nowhere. A file that does not begin as a session does is set
 * aside: pi would write over it, or not start. One that pi never came to write is no matter: pi makes
 * it anew.
 */
export async function sessionPlace(
  {
    machine,
    resume,
    run,
    epoch,
    dir,
    fork,
  }: Pick<LaunchSpec, "machine" | "resume" | "run" | "epoch" | "dir" | "fork">,
  directory: string,
): Promise<SessionPlace> {
  if (resume?.file === undefined) {
    const fresh = posix.join(directory, `session-${run}-${epoch}.jsonl`);
    if (fork) await copySession(machine, fork, fresh);
    return { file: fresh };
  }
  const file = await broughtBack({ machine, dir }, resume.file, directory);
  const { ok, stdout: start } = await machine.exec(["head", "-n", "1", "--", file]);
  if (!ok || start === "") return { file };
  const header = headerIn(start) ?? headerIn(await textOf(machine, file));
  if (!header) return { file, aside: await setAside(machine, file) };
  await keepWorkDir(machine, file, header);
  await endLastLine(machine, file);
  return { file };
}

/** Write a copy under an id of its own. The conversation may have nothing yet: then the copy is empty, too. */
async function copySession(
  machine: Machine,
  { conversation, dir }: NonNullable<LaunchSpec["fork"]>,
  to: string,
): Promise<void> {
  if (conversation.file === undefined) return;
  const from = await broughtBack({ machine, dir }, conversation.file, posix.dirname(to));
  if (!(await machine.exec(["test", "-s", from])).ok) return;
  const text = await textOf(machine, from);
  const header = headerIn(text);
  if (!header) return;
  const own = { ...header.fields, id: randomUUID(), cwd: machine.workDir };
  const copy = text.replace(header.line, () => JSON.stringify(own));
  await machine.writeFile(to, copy, { mode: 0o600 });
}

/**
 * Copy the file of a conversation to this host. One that pi has not written yet is left out: it holds
 * nothing before the first answer of the model.
 */
export async function keepSession(
  { machine, dir }: Pick<LaunchSpec, "machine" | "dir">,
  { file }: Conversation,
): Promise<void> {
  if (file === undefined) return;
  try {
    const content = await machine.readFile(file);
    await writeHostFile(join(dir, basename(file)), content, { mode: 0o600 });
  } catch (error) {
    if (error instanceof MachineFileError && error.reason === "ENOENT") return;
    throw error;
  }
}

/** A machine that was made anew has nothing of the last one's: it gets the copy that this host kept. */
async function broughtBack(
  { machine, dir }: Pick<LaunchSpec, "machine" | "dir">,
  file: string,
  directory: string,
): Promise<string> {
  if ((await machine.exec(["test", "-s", file])).ok) return file;
  const kept = await readFile(join(dir, basename(file))).catch(() => undefined);
  if (kept === undefined) return file;
  const restored = posix.join(directory, basename(file));
  await machine.writeFile(restored, kept, { mode: 0o600 });
  return restored;
}

/** A line that was torn is lost; older pis would write the next one right behind it, and lose that too. */
async function endLastLine(machine: Machine, file: string): Promise<void> {
  const { ok, stderr } = await machine.exec(["sh", "-c", endLineScript, "sh", file]);
  if (!ok) throw new Error(`cannot write ${file} on ${machine.summary}: ${stderr.trim()}`);
}

const endLineScript = `[ "$(tail -c 1 -- "$1" | wc -l)" -eq 1 ] || echo >> "$1"`;

async function keepWorkDir(machine: Machine, file: string, header: Header): Promise<void> {
  if (header.cwd === undefined) return;
  const { ok: isThere } = await machine.exec(["test", "-d", header.cwd]);
  if (isThere) return;
  const moved = JSON.stringify({ ...header.fields, cwd: machine.workDir });
  const text = await textOf(machine, file);
  await machine.writeFile(
    file,
    text.replace(header.line, () => moved),
    { mode: 0o600 },
  );
}

async function textOf(machine: Machine, file: string): Promise<string> {
  return new TextDecoder().decode(await machine.readFile(file));
}

async function setAside(machine: Machine, file: string): Promise<string> {
  const { ok, stdout, stderr } = await machine.exec(["sh", "-c", asideScript, "sh", file]);
  if (ok) return stdout.trimEnd();
  throw new Error(`cannot set ${file} aside on ${machine.summary}: ${stderr.trim()}`);
}

/** To the first name that is free, so that no file that was set aside is ever written over. */
const asideScript = `
n=1
while [ -e "$1.bad-$n" ]; do n=$((n + 1)); done
mv -- "$1" "$1.bad-$n" && echo "$1.bad-$n"
`;

interface Header {
  readonly line: string;
  readonly fields: object;
  readonly cwd: string | undefined;
}

/** Find the header of a session as pi reads it: the first line that is JSON must be a session's. */
function headerIn(text: string): Header | undefined {
  for (const line of text.split("\n")) {
    const fields = parsedJson(line);
    if (fields !== undefined) return headerOf(line, fields);
  }
  return undefined;
}

function headerOf(line: string, fields: unknown): Header | undefined {
  if (typeof fields !== "object" || fields === null) return undefined;
  if (!("type" in fields) || fields.type !== "session") return undefined;
  if (!("id" in fields) || typeof fields.id !== "string") return undefined;
  const cwd = "cwd" in fields && typeof fields.cwd === "string" ? fields.cwd : undefined;
  return { line, fields, cwd };
}
