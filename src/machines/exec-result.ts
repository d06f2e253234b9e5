import type { ExecResult } from "./machine.ts";

/** The facts about a command that has ended. */
export interface EndedCommand {
  readonly exitCode: number;
  readonly signal?: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly truncated: boolean;
  readonly timeoutMs: number | undefined;
  readonly maxOutputBytes: number;
  /** The reason why it could not start, in the words of a shell. */
  readonly refused?: string | undefined;
}

/** Bytes kept of each of stdout and stderr, unless told otherwise. */
export const defaultOutputBytes = 16 * 1024 * 1024;

/** Make the result that every backend gives, with what the machine itself has to say at the end of stderr. */
export function execResult(ended: EndedCommand): ExecResult {
  const { timedOut, truncated } = ended;
  const exitCode = timedOut ? 124 : ended.exitCode;
  const remarks = [
    ended.refused ?? "",
    timedOut ? `Timed out after ${(ended.timeoutMs ?? 0) / 1_000} s.` : "",
    truncated ? `Output beyond ${ended.maxOutputBytes} bytes was dropped.` : "",
  ];
  return {
    exitCode,
    signal: timedOut ? undefined : ended.signal,
    stdout: ended.stdout,
    stderr: withRemarks(ended.stderr, remarks),
    timedOut,
    truncated,
    ok: exitCode === 0,
  };
}

function withRemarks(text: string, remarks: readonly string[]): string {
  const said = remarks.filter((remark) => remark !== "").map((remark) => `${remark}\n`);
  if (said.length === 0) return text;
  return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${said.join("")}`;
}
