import type { ProviderBackoffs, StartGate } from "../../actors/agent/actor/index.ts";
import type { Door, Harness } from "../../actors/agent/wire/index.ts";
import type { Clock } from "../../actors/clock.ts";
import type { LogArchive, LogEvent } from "../../actors/events/index.ts";
import type { Ref } from "../../actors/kernel/index.ts";
import type { RegistryMessage } from "../../actors/registry/index.ts";
import type { Argv, Image, Machine, Remains } from "../../machines/machine.ts";
import type { Endpoint, EndpointCallOptions } from "../endpoints/index.ts";
import type { Supervision } from "../supervision/index.ts";

/** The run that a process belongs to, as the process needs it. */
export interface Run {
  readonly id: string;
  readonly logDir: string;
  readonly clock: Clock;
  readonly registry: Ref<RegistryMessage>;
  readonly harness: Harness;
  /** The image of machines for which nobody chose one. */
  readonly image: Image;
  /** Every process and agent of the run that can be sent to, by path. */
  readonly directory: Map<string, Addressee>;
  /** The door that agents come in by; opened when first asked for. */
  door(): Promise<Door>;
  /** The environment of every process of the run. */
  readonly environment: Readonly<Record<string, string>>;
  /** Make an id that files and tmux can carry, unique in the run. */
  newAgentId(): string;
  /** Choose the word that the other agents of the run know a new agent by; no other agent ever gets it. */
  newAgentWord(path: string): string;
  /** A private directory of this host for one agent's files. */
  agentDir(id: string): Promise<string>;
  /** Lets as many agents start at once as there are cores. */
  readonly startGate: StartGate;
  /** Lets only a few machines be spawned at once. */
  readonly spawnGate: StartGate;
  /** Keep a record of what a machine leaves when this program is killed; `on`: its own words for itself, once it is there. */
  recordMachine(remains: Remains, owner: { readonly path: string }, on?: string): Promise<void>;
  /** Lets all agents wait together for a provider that fails. */
  readonly providers: ProviderBackoffs;
  /** Make a harness record what it makes and show no secrets; the same one for the same harness. */
  outfit(harness: Harness): Harness;
  /** Keeps the events of one stream, in the run's journal. */
  archive(path: string): LogArchive<LogEvent>;
  /** Add to the run's journal. */
  note(record: JournalNote): void;
  /** Add to the run's journal; resolves when it is on the disk. Never rejects: a disk that cannot be written stops no run. */
  commit(record: JournalNote): Promise<void>;
  /** Resolves when all that was added to the journal is on the disk. Never rejects, like `commit`. */
  synced(): Promise<void>;
  stop(reason?: string): Promise<void>;
  /** Tell the person at the program's terminal. */
  tell(text: string): void;
}

export interface JournalNote {
  readonly type: string;
  readonly path: string;
  readonly epoch?: number | undefined;
  /** The actor that emitted it, seen from `path`. Default: `path` itself. */
  readonly source?: string | undefined;
  readonly data?: unknown;
}

/** The answer to a message that was put into a mailbox or an outbox. */
export interface SendAnswer {
  /** The message's id in an agent's outbox. */
  readonly id?: string | undefined;
  /** The process has received a message, or asked for one. */
  readonly receives?: boolean | undefined;
}

/** The node at a path, as the rest of the run and the control socket reach it. */
export interface Addressee {
  readonly kind: "process" | "agent" | "machine";
  readonly path: string;
  /** Put a message into its mailbox or outbox; false when it has ended. Throws MessageRefusedError for a message that it cannot take. */
  deliver(message: unknown): boolean;
  /** The same, with the id that an agent's outbox gave, or whether a process has ever received. */
  send(message: unknown): Promise<SendAnswer>;
  readonly endpoints?: (() => readonly Endpoint[]) | undefined;
  readonly call?:
    | ((name: string, args: unknown, options: EndpointCallOptions) => Promise<unknown>)
    | undefined;
  /** Gives the command that shows it in a person's terminal. */
  readonly attach?: ((readOnly: boolean) => Promise<Argv>) | undefined;
  /** Gives the command that opens a shell where it lives in a person's terminal. */
  readonly shell?: ((command: Argv | undefined) => Promise<Argv>) | undefined;
}

/** The harnesses that launched something on a machine, and must take it away before the machine stops. */
export type Launchers = Set<Harness>;

/** A machine that agents can live on. */
export interface StartedMachine {
  /** Its id among the children of `owner`; undefined for one that no process started. */
  readonly id: string | undefined;
  readonly owner: Supervision | undefined;
  /** The handle that programs hold. Throws while it has not started for the first time. */
  readonly machine: Machine;
  readonly launchers: Launchers;
  /** The machine living now. Throws while there is none. */
  current(): Machine;
}
