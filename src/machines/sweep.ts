import type { Argv, Machine } from "./machine.ts";

/** Processes of a machine, told by one entry of the environment that they were started with. */
export interface Marked {
  /** An entry such as `RAMURE_MACHINE=k3v9`, compared as data: line breaks and patterns mean nothing. */
  readonly marker: string;
  /** Count entries that only begin with the marker. Default: false. */
  readonly prefix?: boolean | undefined;
  /** Ended too, if it is a tmux: a server does not carry the marker of its panes. */
  readonly tmuxServer?: number | undefined;
}

/**
 * End every process of a machine that carries a marker, wherever it moved to.
 *
 * Begins with `first`: `none` gives half a second to end by themselves, TERM and KILL two seconds
 * each. Gives the ids of those that live on after KILL; without `/proc` nothing is found.
 */
export async function sweep(
  machine: Pick<Machine, "exec">,
  marked: Marked,
  first: "none" | "TERM" | "KILL" = "TERM",
): Promise<readonly number[]> {
  const { exitCode, stdout, stderr } = await machine.exec(sweepWords(marked, first), {
    timeoutMs: 15_000,
  });
  if (exitCode === 0) return [];
  const left = stdout.trim().split(/\s+/).map(Number).filter(Boolean);
  if (left.length > 0) return left;
  throw new Error(`processes with ${marked.marker} could not be looked for: ${stderr.trim()}`);
}

/** The words of the sweep, for where there is no `exec`. They exit with 1 and print the processes that are left. */
export function sweepWords(marked: Marked, first: "none" | "TERM" | "KILL"): Argv {
  const { marker, prefix = false, tmuxServer } = marked;
  const steps = ["none:6", "TERM:20", "KILL:20"];
  const from = steps.findIndex((step) => step.startsWith(first));
  const [rough = ""] = marker.split("\n");
  return [
    "sh",
    "-c",
    script,
    "sh",
    rough,
    marker.replaceAll("\n", "\u0001"),
    prefix ? "*" : "",
    String(tmuxServer ?? ""),
    steps.slice(from).join(" "),
  ];
}

/*
 * `grep` takes the lines of what it looks for as alternatives, so it only finds candidates, and the
 * entry is then compared whole. A zombie has an empty environment, so it is never found.
 */
const script = `
carries() {
  tr '\\n\\000' '\\001\\n' < "$1" 2>/dev/null | (
    while IFS= read -r entry; do
      [ "$entry" = "$2" ] && exit 0
      [ -n "$3" ] && case $entry in "$2"*) exit 0 ;; esac
    done
    exit 1
  )
}
live() {
  for file in $(grep -lasF -e "$1" /proc/[0-9]*/environ); do
    pid=\${file#/proc/}
    pid=\${pid%/environ}
    [ "$pid" = $$ ] || { carries "$file" "$2" "$3" && echo "$pid"; }
  done
  if [ -n "$4" ] && grep -qs '^tmux' "/proc/$4/comm" && grep -qs . "/proc/$4/cmdline"; then
    echo "$4"
  fi
}
for step in $5; do
  signal=\${step%:*}
  rounds=\${step#*:}
  told=" "
  while [ "$rounds" -gt 0 ]; do
    found=$(live "$1" "$2" "$3" "$4")
    [ -n "$found" ] || exit 0
    for pid in $found; do
      case "$signal $told" in none*|*" $pid "*) continue ;; esac
      kill -"$signal" "$pid" 2>/dev/null
      [ "$signal" = KILL ] || told="$told$pid "
    done
    sleep 0.1 2>/dev/null || sleep 1
    rounds=$((rounds - 1))
  done
done
echo $found
exit 1
`;
