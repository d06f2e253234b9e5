import type { Connection, ControlEvent, RunStatus, TreeNode } from "./types.ts";

/** A run as its handlers know it; the server adds schema and time. */
export type RunSnapshot = Omit<RunStatus, "schema" | "at">;

/** What happens to the tree, as the registry tells it. */
export type TreeChange =
  | {
      readonly type: "snapshot";
      readonly snapshot: {
        readonly nodes: readonly TreeNode[];
        readonly connections: readonly Connection[];
      };
    }
  | { readonly type: "changed"; readonly node: TreeNode }
  | { readonly type: "removed"; readonly path: string };

/**
 * What a run does for its control clients.
 *
 * Paths are absolute and were in the last `status`: the server has resolved
 * what the person wrote. What a method throws reaches the client: ControlError
 * as it is, any other error as `failed` with its message (codes such as
 * `noproc`, `down` and `call-timeout` become the fitting reason). The signal
 * aborts when the client is gone, has cancelled, or the server closes.
 */
export interface ControlHandlers {
  status(signal: AbortSignal): Promise<RunSnapshot>;
  /** Put a message into a process's mailbox or an agent's outbox; `kind` says which. */
  send(
    request: { readonly path: string; readonly kind: string; readonly message: unknown },
    signal: AbortSignal,
  ): Promise<{ readonly id?: string | undefined }>;
  attach(
    request: { readonly path: string; readonly readOnly: boolean },
    signal: AbortSignal,
  ): Promise<{ readonly argv: readonly string[] }>;
  /** `path` is a machine's or, as `kind` says, an agent's: then its machine is meant. */
  shell(
    request: {
      readonly path: string;
      readonly kind: string;
      readonly command?: readonly string[] | undefined;
    },
    signal: AbortSignal,
  ): Promise<{ readonly argv: readonly string[] }>;
  call(
    request: {
      readonly path: string;
      readonly endpoint: string;
      readonly args: unknown;
      readonly timeoutMs?: number | undefined;
    },
    signal: AbortSignal,
  ): Promise<unknown>;
  /** Give the journal's events from `from`; without `path` of all nodes, else of it and those below. */
  events(
    request: {
      readonly path?: string | undefined;
      readonly from?: number | undefined;
      readonly types?: readonly string[] | undefined;
      readonly follow: boolean;
    },
    signal: AbortSignal,
  ): AsyncIterable<ControlEvent>;
  /** Give the tree's changes, a snapshot first. What a slow client has not taken yet waits in the iterable. */
  watch(signal: AbortSignal): AsyncIterable<TreeChange>;
  /** Begin to stop the run; returns when it has begun. */
  stop(request: { readonly kill: boolean }, signal: AbortSignal): Promise<void>;
}
