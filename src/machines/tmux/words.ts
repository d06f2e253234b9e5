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

/** Make the shell line of `pipe-pane`, where tmux expands times as well as formats. */
export function appendLine(path: string): string {
  return `umask 077; exec cat >> ${quote(formatPath(path)).replaceAll("%", "%%")}`;
}

/** Keep tmux from taking the `;` at the end of a word for the end of the command. */
export function literal(word: string): string {
  assertWord(word);
  return word.endsWith(";") ? `${word.slice(0, -1)}\\;` : word;
}

/**
 * The configuration of our tmux servers, in place of the user's own.
 *
 * No status line and no titles: tmux would run shell commands that it finds in them. A dead pane
 * stays, so that its exit code and last screen can be read, and an empty server stays too.
 * `-q` passes over options that an older tmux does not know. `window-size manual` is not here but
 * set on each window: as a global option it crashes tmux 3.3a at the next detached `new-session`.
 */
export const tmuxConfig = `set -s exit-empty off
set -s escape-time 0
set -s extended-keys on
set -sq extended-keys-format csi-u
set -s set-clipboard off
set -g status off
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
`;
