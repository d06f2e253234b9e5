import { TmuxError } from "../errors.ts";
import type { Machine } from "../machine.ts";

/** What runs in the panes of one tmux server, or of one of its sessions. */
export interface PaneOwner {
  readonly socket: string;
  /** `server pid,session number`. Default: every session of every server that this socket had. */
  readonly session?: string | undefined;
  /** The server itself, to be ended too. */
  readonly serverPid?: number | undefined;
}

/**
 * End what still runs in panes, wherever it moved to: tmux only sends a SIGHUP, and only to the pane's own group.
 *
 * Each such process has `TMUX=socket,pid,session` in its environment. Gives them half a second to
 * follow the SIGHUP, then 2 s after a SIGTERM, then 2 s after SIGKILL. Throws TmuxError when some
 * live on. Where the machine has no `/proc`, nothing is found.
 */
export async function endPaneProcesses(machine: Machine, owner: PaneOwner): Promise<void> {
  const socket = owner.socket.replace(/[.[\]*^$\\]/g, "\\$&");
  const pattern = `^TMUX=${socket},${owner.session === undefined ? "" : `${owner.session}$`}`;
  const words = ["sh", "-c", script, "sh", pattern, String(owner.serverPid ?? "")];
  const { exitCode, stdout, stderr } = await machine.exec(words, { timeoutMs: 15_000 });
  if (exitCode !== 0) {
    const left = stdout.trim() || stderr.trim();
    throw new TmuxError("kill", `processes of ${owner.socket} live on after SIGKILL: ${left}`);
  }
}

// A zombie has an empty environment and command line, so it is never found.
const script = `
live() {
  for file in $(grep -lzs -e "$1" /proc/[0-9]*/environ); do
    pid=\${file#/proc/}
    [ "\${pid%/environ}" = $$ ] || echo "\${pid%/environ}"
  done
  if [ -n "$2" ] && grep -qs '^tmux' "/proc/$2/comm" && grep -qs . "/proc/$2/cmdline"; then
    echo "$2"
  fi
}
for step in 0:6 TERM:20 KILL:20; do
  signal=\${step%:*}
  rounds=\${step#*:}
  while [ "$rounds" -gt 0 ]; do
    found=$(live "$1" "$2")
    [ -n "$found" ] || exit 0
    [ "$signal" = TERM ] && [ "$rounds" -lt 20 ] || kill -"$signal" $found 2>/dev/null
    sleep 0.1 2>/dev/null || sleep 1
    rounds=$((rounds - 1))
  done
done
echo $found
exit 1
`;
