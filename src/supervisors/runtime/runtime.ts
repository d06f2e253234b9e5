import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { StartGate } from "../../actors/agent/agent-spec.ts";
import type { Bridge } from "../../actors/agent/bridge.ts";
import { openBridge } from "../../actors/agent/bridge.ts";
import type { Door, Harness } from "../../actors/agent/harness.ts";
import { createStartGate } from "../../actors/agent/start-gate.ts";
import type { Ref } from "../../actors/behavior.ts";
import type { Clock } from "../../actors/clock.ts";
import { type RegistryMessage, registryBehavior } from "../../actors/registry-actor.ts";
import { createSystem, type System } from "../../actors/system.ts";
import { LocalImage } from "../../machines/local.ts";
import type { Image } from "../../machines/machine.ts";
import { endMarked } from "../../machines/process-table.ts";
import type { ProcessDefinition } from "../process/definition.ts";
import { processBehavior } from "../process/process-actor.ts";
import { ProcessRecord } from "../process/process-record.ts";
import type { Addressee, JournalNote, Run } from "../process/run.ts";
import type { ProcessMessage } from "../process/scope.ts";
import { privateDirectory, type RunPaths } from "./home.ts";
import type { Journal } from "./journal.ts";

export interface RuntimeParts {
  readonly id: string;
  readonly paths: RunPaths;
  readonly logDir: string;
  readonly clock: Clock;
  readonly harness: Harness;
  readonly journal: Journal;
  /** What every process of the run finds in its environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** How long the tree has to stop at the end of a run before it is killed. */
const stopDeadlineMs = 60_000;

/** One run: the kernel, the registry, the door for agents, the root process. */
export class Runtime implements Run {
  readonly id: string;
  readonly logDir: string;
  readonly clock: Clock;
  readonly harness: Harness;
  readonly image: Image;
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: Map<string, Addressee> = new Map();
  readonly system: System;
  readonly registry: Ref<RegistryMessage>;
  readonly #paths: RunPaths;
  readonly journal: Journal;
  readonly startGate: StartGate = createStartGate(availableParallelism());
  #bridge: Promise<Bridge> | undefined;
  #root: { readonly record: ProcessRecord; ref: Ref<ProcessMessage> } | undefined;
  #agents = 0;

  constructor({ id, paths, logDir, clock, harness, journal, environment }: RuntimeParts) {
    this.id = id;
    this.logDir = logDir;
    this.clock = clock;
    this.harness = harness;
    this.environment = environment;
    this.image = new LocalImage();
    this.#paths = paths;
    this.journal = journal;
    this.system = createSystem({ clock });
    this.registry = this.system.spawn(registryBehavior(), { kind: "registry" });
  }

  get root(): ProcessRecord | undefined {
    return this.#root?.record;
  }

  /** Start the root process. */
  start(definition: ProcessDefinition, args: readonly unknown[]): ProcessRecord {
    const record = new ProcessRecord(this, definition, args, `/${definition.name}`);
    this.directory.set(record.path, record.addressee());
    const root = { record, ref: this.#spawn(record) };
    this.#root = root;
    record.control = {
      cancel: async () => {
        await root.ref.stop({ type: "shutdown", cause: "api" });
      },
      restart: async () => {
        await root.ref.stop({ type: "shutdown", cause: "api" });
        record.reopen();
        root.ref = this.#spawn(record);
      },
    };
    return record;
  }

  door(): Promise<Door> {
    this.#bridge ??= openBridge({
      socket: this.#paths.socket.replace(/\.sock$/, ".door"),
      clock: this.clock,
    });
    return this.#bridge;
  }

  newAgentId(): string {
    this.#agents += 1;
    return `a${this.#agents}`;
  }

  async agentDir(id: string): Promise<string> {
    const directory = join(this.logDir, "sessions", id);
    await privateDirectory(directory);
    return directory;
  }

  note({ type, path, data }: JournalNote): void {
    this.journal.append({ type, path, data });
  }

  async stop(reason = "the run was stopped"): Promise<void> {
    const root = this.#root;
    if (root === undefined) return;
    root.record.cancelReason ??= reason;
    await root.record.control?.cancel();
  }

  async kill(): Promise<void> {
    await this.#root?.ref.kill();
  }

  /** End everything that the run still has, in the order in which it depends on each other. */
  async close(): Promise<void> {
    await this.#root?.ref.exited;
    await this.system.stop({ deadlineMs: stopDeadlineMs });
    await endMarked("RAMURE_RUN", this.id);
    await (await this.#bridge)?.close();
    await this.journal.close();
  }

  #spawn(record: ProcessRecord): Ref<ProcessMessage> {
    return this.system.spawn(processBehavior(record), { name: record.name, kind: "process" });
  }
}
