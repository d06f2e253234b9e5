import type { reap } from "./reaper.ts";

/** Load the reaper with all that it needs to end processes and tmux servers; most commands need none of it. */
export async function loadReaper(): Promise<typeof reap> {
  return (await import("./reaper.ts")).reap;
}
