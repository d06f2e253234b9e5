import type { Argv } from "../machine.ts";
import { quote, shellLine } from "../shell.ts";

/** One command for a machine. */
export interface RunRequest {
  /** Stands at the end of both outputs, and in the environment of all that the command starts. */
  readonly nonce: string;
  readonly words: Argv;
  /** An absolute path on the machine. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs?: number | undefined;
}

/** The entry in the environment that tells the processes of one command. */
export function execMarker(nonce: string): string {
  return `RAMURE_EXEC=${nonce}`;
}

/**
 * The words that start the runner on a machine. It reads its script from standard input, up to the
 * first NUL, so that nothing of a command passes through another shell or a list of processes.
 */
export function runnerWords(nonce: string, machineId: string): Argv {
  const marks = [execMarker(nonce), `RAMURE_MACHINE=${machineId}`];
  return [
    "env",
    "-u",
    "BASH_ENV",
    ...marks,
    "bash",
    "-c",
    `IFS= read -r -d '' s && eval "$s"`,
    "ramure",
  ];
}

/**
 * The script of the runner: the command in a process group of its own, with a time limit that holds
 * when nobody here listens any more, and then its exit code at the end of both outputs. An exit code
 * that is missing means that the way was lost, whatever the way itself says. Input that the command
 * left unread is read to its end: podman ends the way when it cannot be delivered.
 */
export function runnerScript({ nonce, words, cwd, env, timeoutMs }: RunRequest): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const limit = timeoutMs === undefined || timeoutMs <= 0 ? "" : String(timeoutMs / 1_000);
  return `exec 3<&0 4>&1 5>&2 </dev/null >/dev/null 2>&1
tell() { printf %s ${quote(`${nonce}:`)}"$1:" >&4; printf %s ${quote(`${nonce}:`)}"$1:" >&5; }
printf %s ${quote(`${nonce};`)} >&4; printf %s ${quote(`${nonce};`)} >&5
cd -- ${quote(cwd)} || { tell cwd; exit; }
${variables.length > 0 ? `export ${shellLine(variables)}` : ""}
set -m
late= limit=${limit} watch=
trap late=1 USR1
( trap - USR1; exec -- ${shellLine(words)} ) <&3 >&4 2>&5 3<&- 4>&- 5>&- &
command=$!
if [ -n "$limit" ]; then
  (
    exec 3<&- 4>&- 5>&-
    sleep "$limit"
    kill -USR1 $$
    kill -TERM -- -$command
    rounds=0
    while [ $rounds -lt 10 ] && kill -0 -- -$command; do sleep 0.1; rounds=$((rounds + 1)); done
    kill -KILL -- -$command
  ) &
  watch=$!
fi
while wait $command; code=$?; [ $code -gt 128 ] && kill -0 $command; do :; done
if [ -n "$late" ]; then wait $watch
elif [ -n "$watch" ]; then kill -KILL -- -$watch
fi
[ -z "$late" ] || code=late
tell $code
exec 4>&- 5>&- cat <&3 3<&-
`;
}

/** The end of a command, as the runner tells it. */
export type RunnerEnd =
  /** The command ended by itself. */
  | { readonly type: "exited"; readonly code: number }
  /** The time limit ended it. */
  | { readonly type: "late" }
  /** The directory to run in cannot be entered. */
  | { readonly type: "no-directory" };

const longestPreamble = 64 * 1024;

/**
 * Divides one output of the runner into what the command wrote and the runner's last word. What came
 * before the runner's first word is from the login files of the host and is left out.
 */
export class TrailerScanner {
  readonly #first: Buffer;
  readonly #mark: Buffer;
  #begun = false;
  #held: Buffer = Buffer.alloc(0);
  #end: RunnerEnd | undefined;

  constructor(nonce: string) {
    this.#first = Buffer.from(`${nonce};`);
    this.#mark = Buffer.from(`${nonce}:`);
  }

  /** The output before the runner spoke: where the runner never speaks, this says why. */
  get preamble(): string {
    return this.#begun ? "" : this.#held.toString("utf8");
  }

  /** The end of the command, once it has arrived. */
  get end(): RunnerEnd | undefined {
    return this.#end;
  }

  /** Take a chunk and give what is certainly the command's. */
  push(chunk: Buffer): Buffer {
    if (this.#end) return Buffer.alloc(0); // Something in the background still writes.
    const seen = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const begin = this.#begun ? 0 : seen.indexOf(this.#first);
    if (begin < 0) {
      this.#held = seen.subarray(-longestPreamble);
      return Buffer.alloc(0);
    }
    const all = this.#begun ? seen : seen.subarray(begin + this.#first.length);
    this.#begun = true;
    const at = all.indexOf(this.#mark);
    const cut = at >= 0 ? at : all.length - this.#beginningAtEndOf(all);
    this.#held = all.subarray(cut);
    if (at >= 0) this.#end = endIn(this.#held.subarray(this.#mark.length));
    return all.subarray(0, cut);
  }

  /** Count the bytes at the end that may be the beginning of the mark. */
  #beginningAtEndOf(all: Buffer): number {
    const most = Math.min(this.#mark.length - 1, all.length);
    for (let length = most; length > 0; length -= 1) {
      if (all.subarray(all.length - length).equals(this.#mark.subarray(0, length))) return length;
    }
    return 0;
  }
}

function endIn(rest: Buffer): RunnerEnd | undefined {
  const [word, after] = rest.toString("latin1", 0, 16).split(":", 2);
  if (word === undefined || after === undefined) return undefined;
  if (word === "late") return { type: "late" };
  return word === "cwd" ? { type: "no-directory" } : { type: "exited", code: Number(word) };
}
