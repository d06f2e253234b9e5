export { createTmux, Tmux } from "./tmux.ts";
