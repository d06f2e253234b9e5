import type { Argv, Machine, Mount } from "../../../machines/machine.ts";
import type { Clock } from "../../clock.ts";
import type { Conversation, FromAgent, ToAgent } from "./protocol.ts";

/** One live connection to an agent's bridge. */
export interface Link {
  /** Queue a frame. Frames to a closed link are dropped: the outbox repeats what matters. */
  send(frame: ToAgent): void;
  close(code: number, reason: string): void;
}

/**
 * The receiver of everything that comes in over the links of one agent. Calls never overlap for one
 * link.
 */
export interface LinkListener {
  /** The hello passed token and epoch, the door has answered `welcome`; an older link of the agent is closed already. */
  opened(link: Link, hello: Extract<FromAgent, { type: "hello" }>): void;
  received(link: Link, frame: FromAgent): void;
  closed(link: Link, code: number, reason: string): void;
}

/** The runtime's end of all links of a run. */
export interface Door {
  /** The Unix socket that it listens on, on this host. */
  readonly socket: string;
  /** The second address, for machines that cannot reach the socket: `ws://host:port/`. Default: none. */
  readonly url?: string | undefined;
  /** Open again what was closed from outside, such as a socket whose file was deleted. Undefined: all is open. Rejects with UnsafeSocketError. Default: nothing closes it. */
  keepOpen?(): Promise<void> | undefined;
  /** Let an agent in by its token. Returns how to shut it out again, which closes its link. */
  admit(pass: Pass, listener: LinkListener): () => void;
  /** Open a link without a socket, for harnesses that run in this process. */
  connect(received: (frame: ToAgent) => void, closed: (code: number) => void): LocalLink;
}

export interface Pass {
  readonly token: string;
  readonly path: string;
  readonly epoch: number;
}

/** The agent's end of an in-process link. */
export interface LocalLink {
  /** The first frame must be a hello. */
  send(frame: FromAgent): void;
  close(): void;
}

/** Something outside this process that stays behind when it is killed. */
export interface Thing {
  readonly kind: "tmux-server" | "socket" | "directory";
  /** The absolute path of the thing; of a tmux server, its socket's. */
  readonly file: string;
  /** The machine that it lies on. Default: this host. */
  readonly machine?: string | undefined;
  /** The process of the thing, once that is known. */
  readonly pid?: number | undefined;
  /** True when it has been removed. */
  readonly gone?: boolean | undefined;
}

export interface LaunchSpec {
  /** Safe in file names and tmux targets, unique in the run, the same for every epoch of an agent. */
  readonly id: string;
  readonly path: string;
  readonly epoch: number;
  readonly token: string;
  readonly machine: Machine;
  readonly door: Door;
  /** The run's id, for markers that a sweep finds. */
  readonly run: string;
  readonly systemPrompt?: string | undefined;
  /** `provider/id`. Default: what the harness is configured for. */
  readonly model?: string | undefined;
  /** A directory of this host for session files and pane logs of this agent; exists, 0700. */
  readonly dir: string;
  /** The conversation to continue, as the last hello named it. Default: a fresh one. */
  readonly resume?: { readonly id: string; readonly file?: string | undefined } | undefined;
  /** The conversation to begin with a copy of, where there is none to resume; `dir`: where this host may have a copy of it. Default: an empty one. */
  readonly fork?: { readonly conversation: Conversation; readonly dir: string } | undefined;
  /** The run's clock. Default: the machine's own time. */
  readonly clock?: Clock | undefined;
  /** Keeps a record of a thing for good, so that it is removed also when this process is killed. Call it before the thing is made. Default: no record. */
  readonly record?: ((thing: Thing) => Promise<void>) | undefined;
  /** Called with a value that is a secret: nothing that the run writes may show it. Default: not called. */
  readonly conceal?: ((secret: string) => void) | undefined;
  /** The file for the raw output of the agent's terminal, on this host; its directory exists. Default: `pane.log` in `dir`. */
  readonly paneLog?: string | undefined;
  /** Aborts the launch; what was made by then is removed before the launch rejects. */
  readonly signal: AbortSignal;
}

export interface HarnessExit {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  /** The last words on its screen, for the error message. */
  readonly detail: string;
}

/** A coding agent that was started. */
export interface Launched {
  /** Resolves when its process is confirmed dead. Never rejects. */
  readonly exited: Promise<HarnessExit>;
  /** The new place, on the machine, of a conversation that could not be read: this agent has a fresh one. Default: the conversation was continued. */
  readonly aside?: string | undefined;
  /** Ask the machine whether it lives, when its link is lost. */
  alive(): Promise<boolean>;
  /**
   * Bring the conversation, as far as it is written, to this host, so that it outlives its machine.
   * Called for each message that came into it, and after each turn. Rejects when the machine does not
   * answer. Default: it lies on this host.
   */
  readonly keep?: ((conversation: Conversation) => Promise<void>) | undefined;
  /** Give the command that shows the agent in a person's terminal, on this host. */
  attach(options: { readonly readOnly: boolean }): Argv;
  /** End it and whatever it started, bounded; resolves when nothing of it is left. Idempotent. */
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** A way to launch one kind of coding agent. */
export interface Harness {
  readonly kind: string;
  /** True when an agent can begin with a copy of another one's conversation. Default: false. */
  readonly forks?: boolean | undefined;
  /**
   * Start it. Resolves when the process runs; its hello comes through the door.
   *
   * With an `epoch` over 1 it may reuse what the last epoch left (the pane, the session file).
   * Rejects with an error that names the cause: no tmux, no pi, one too old.
   */
  launch(spec: LaunchSpec): Promise<Launched>;
  /** Files of this host that agents need on a machine. Asked before the machine is made. Default: none. */
  mounts?(): Promise<readonly Mount[]>;
  /** Remove what the whole run made on a machine, such as its tmux server. Idempotent. */
  release?(machine: Machine, run: string): Promise<void>;
}

/** Tell whether the value of an environment variable of this name is a secret. */
export function isSecretName(name: string): boolean {
  return /KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL/i.test(name);
}
