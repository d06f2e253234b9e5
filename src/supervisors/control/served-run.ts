import type { Journal } from "../../actors/journal/index.ts";
import type { RegistryChange } from "../../actors/registry/index.ts";
import { resolveAddress } from "./address.ts";
import { ControlError } from "./error.ts";
import type { RunSnapshot, TreeNode } from "./run-status.ts";

/** A process, agent or machine of a run, as far as verbs may use it. A method is absent where it makes no sense. */
export interface Destination {
  send(
    message: unknown,
  ): Promise<{ readonly id?: string | undefined; readonly receives?: boolean | undefined }>;
  readonly attach?: ((readOnly: boolean) => Promise<readonly string[]>) | undefined;
  readonly shell?:
    | ((command: readonly string[] | undefined) => Promise<readonly string[]>)
    | undefined;
  readonly call?:
    | ((
        endpoint: string,
        args: unknown,
        options: { readonly timeoutMs?: number | undefined; readonly signal: AbortSignal },
      ) => Promise<unknown>)
    | undefined;
}

/** A run as its verbs use it: abilities, none of them made for one verb alone. */
export interface ServedRun {
  snapshot(): Promise<RunSnapshot>;
  /** Undefined when it has ended since the snapshot. */
  destination(path: string): Destination | undefined;
  readonly journal: Pick<Journal, "append" | "flush" | "read" | "follow">;
  /** Follow the tree's changes, a snapshot first, until the signal aborts. */
  watch(signal: AbortSignal): AsyncIterable<RegistryChange>;
  /** Begin to stop the run. */
  stop(): void;
  /** Begin to kill the run. */
  kill(): void;
}

/** Find the node that a person named. Throws ControlError. */
export async function nodeAt(
  run: ServedRun,
  to: string,
  kinds: readonly string[] = [],
): Promise<TreeNode> {
  return resolveAddress((await run.snapshot()).nodes, to, kinds);
}

/** Give what is at a path. Throws ControlError when it has ended since it was found. */
export function destinationAt(run: ServedRun, path: string): Destination {
  const found = run.destination(path);
  if (found !== undefined) return found;
  throw new ControlError("not-found", `${path} has ended meanwhile.`);
}
