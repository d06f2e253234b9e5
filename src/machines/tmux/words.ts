import { invalidName } from "../../names.ts";
import { unsafeWord } from "../errors.ts";
import { assertWord, quote } from "../shell.ts";

const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/;

/** Refuse what tmux would change, match loosely or run in the name of a session, buffer or channel. */
export function assertName(what: string, name: string): string {
  if (!namePattern.test(name)) throw invalidName(what, name);
  return name;
}

/** Escape a path for where tmux expands formats. Refuses `#(`, which would run, and `#[`, which no escape carries. */
export function formatPath(path: string): string {
  assertWord(path);
  if (/#[([]/.test(path)) {
    throw unsafeWord(path, "tmux would read the # in it; choose a path without it");
  }
  return path.replaceAll("#", "##");
}

const placePattern = /^[A-Za-z0-9_/-]{1,512}$/;

/**
 * Make the one line below a pane that a person looks at: how to leave it, and where the person is.
 *
 * Refuses a place with characters that tmux could read as anything but themselves.
 */
export function statusLine(place: string): string {
  if (!placePattern.test(place)) throw invalidName("the place that a pane shows", place);
  return ` C-b d leaves   ${place}   (in a tmux of yours: C-b C-b d)`;
}

/** The size at which a pane's log is put aside as `….1`, in place of the one before. */
export const maxLogBytes = 8 * 1_048_576;

/**
 * Make the shell line of `pipe-pane`, where tmux expands times as well as formats.
 *
 * `dd` hands on what it reads at once, and ends after 256 reads, so that the size is looked at; where
 * nothing was added, the pane's output is over.
 */
export function appendLine(path: string): string {
  const file = quote(formatPath(path)).replaceAll("%", "%%");
  const size = 'wc -c 2>/dev/null < "$f"';
  return [
    `umask 077; f=${file}`,
    `while n=$(${size} || echo 0); dd bs=4096 count=256 2>/dev/null >> "$f"; m=$(${size}) && [ "$m" -gt "$n" ]`,
    `do [ "$m" -lt ${maxLogBytes} ] || mv -f -- "$f" "$f.1"; done`,
  ].join("; ");
}

/** Keep tmux from taking the `;` at the end of a word for the end of the command. */
export function literal(word: string): string {
  assertWord(word);
  return word.endsWith(";") ? `${word.slice(0, -1)}\\;` : word;
}

/** The size of a window that nobody looks at. */
export const detachedSize = { cols: 120, rows: 36 } as const;

/**
 * The configuration of our tmux servers, in place of the user's own.
 *
 * No titles, and no status line but `statusLine`: tmux would run shell commands that it finds in
 * them. A dead pane stays, so that its exit code and last screen can be read, and an empty server
 * stays too. `-q` passes over options that an older tmux does not know. A window is as large as the
 * terminal of the person who looked at it last; when nobody looks any more, it has its first size again.
 * `C-b d` leaves without tmux's own words, which name a session that nobody knows.
 */
export const tmuxConfig = `set -s exit-empty off
set -s escape-time 0
set -s extended-keys on
set -sq extended-keys-format csi-u
set -s set-clipboard off
set -g status off
set -g status-style fg=default,bg=default,dim
set -g set-titles off
set -g mouse on
set -g history-limit 50000
set -g default-terminal screen-256color
set -g destroy-unattached off
set -g visual-activity off
set -g bell-action none
set -wg remain-on-exit on
set -wg automatic-rename off
set -wg allow-rename off
set -wg monitor-activity off
bind-key d detach-client -E true
set-hook -g client-detached "if-shell -F '#{session_attached}' '' 'resize-window -x ${detachedSize.cols} -y ${detachedSize.rows} ; set-option -w window-size latest'"
`;
