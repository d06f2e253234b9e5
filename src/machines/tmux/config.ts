/**
 * What our tmux servers read instead of the user's own configuration.
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
