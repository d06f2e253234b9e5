import { NoProcError } from "../../actors/kernel/index.ts";
import { ReceiveTimeoutError } from "./errors.ts";
import type { Addressee, Run } from "./run.ts";
import { enter, limitsOf, type ProcessScope } from "./scope.ts";

/**
 * The receiver of a message: a path, or whatever has one (a handle, an agent, what `whereis`
 * found).
 */
export type Target = string | { readonly path: string };

/** The node that `whereis` found at a path. */
export interface Whereabouts {
  readonly path: string;
  readonly kind: "process" | "agent" | "machine";
}

export interface ReceiveOptions<Message = unknown> {
  /** Takes the first message that fits; the rest stays in order. Default: the first. */
  readonly where?: ((message: Message) => boolean) | undefined;
  /** Rejects with ReceiveTimeoutError after this many ms. Default: no limit. */
  readonly timeoutMs?: number | undefined;
}

/** Put a message into the mailbox at a path. Throws NoProcError where there is none. */
export function sendIn(scope: ProcessScope, target: Target, message: unknown): boolean {
  return addressee(scope.run, typeof target === "string" ? target : target.path).deliver(message);
}

/** Find the node at a path. */
export function whereisIn(scope: ProcessScope, path: string): Whereabouts | undefined {
  const found = scope.run.directory.get(path);
  return found && { path: found.path, kind: found.kind };
}

/** Take the next message that fits. */
export function receiveIn(scope: ProcessScope, options: ReceiveOptions): Promise<unknown> {
  const { where = () => true, timeoutMs } = options;
  const expired = (ms: number) => new ReceiveTimeoutError(scope.record.path, ms);
  return scope.mailbox.receive(
    limitsOf(scope, { what: "receive()", timeoutMs, expired }),
    (message) => enter(scope, () => where(message)),
  );
}

function addressee(run: Run, path: string): Addressee {
  const found = run.directory.get(path);
  if (found === undefined) throw new NoProcError(path);
  return found;
}
