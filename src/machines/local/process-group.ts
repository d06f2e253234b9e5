import { poll } from "./clock.ts";
import { liveProcesses, signalProcess } from "./processes.ts";

/** How long what was asked to end by SIGTERM has, before SIGKILL. */
export const graceMs = 1_000;

/** End a process group: SIGTERM, then SIGKILL. Resolves when nothing of it lives, or after twice the grace. */
export async function endGroup(group: number, grace: number = graceMs): Promise<void> {
  signalProcess(-group, "SIGTERM");
  if (await poll(groupGone(group), { withinMs: grace })) return;
  signalProcess(-group, "SIGKILL");
  await poll(groupGone(group), { withinMs: grace });
}

/** Orphans may stay zombies for a while when PID 1 is slow, and a zombie still takes signals: look closer now and then. */
function groupGone(group: number): () => Promise<boolean> {
  let asked = 0;
  return async () => {
    if (!groupExists(group)) return true;
    asked += 1;
    return asked % 2 === 0 && (await onlyZombies(group));
  };
}

/** Tell whether the group has any member, zombies included. */
export function groupExists(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function onlyZombies(group: number): Promise<boolean> {
  const live = await sharedLook();
  return live !== undefined && !live.some((process) => process.group === group);
}

let looking: ReturnType<typeof liveProcesses> | undefined;

/** Many groups may be ending at once: who asks while a look is under way gets that one. */
function sharedLook(): ReturnType<typeof liveProcesses> {
  looking ??= liveProcesses().finally(() => {
    looking = undefined;
  });
  return looking;
}
