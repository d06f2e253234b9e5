import type { reap } from "../home/reaper.ts";

/** Load the reaper with all that it needs to end processes and tmux servers; most commands need none of it. */
export async function loadReaper(): Promise<typeof reap> {
  return (await import("../home/reaper.ts")).reap;
}
