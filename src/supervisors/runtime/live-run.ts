import { availableParallelism } from "node:os";
import { join } from "node:path";
import {
  createProviderBackoffs,
  createStartGate,
  type ProviderBackoffs,
  type StartGate,
} from "../../actors/agent/actor/index.ts";
import { type Bridge, openBridge, type TcpAddress } from "../../actors/agent/bridge/index.ts";
import type { Door, Harness } from "../../actors/agent/wire/index.ts";
import { type Clock, systemClock, upkeepClock } from "../../actors/clock.ts";
import type { Redaction } from "../../actors/data/index.ts";
import type { LogArchive, LogEvent } from "../../actors/events/index.ts";
import { type Journal, StreamArchive } from "../../actors/journal/index.ts";
import { createSystem, type Ref, type System } from "../../actors/kernel/index.ts";
import { registryBehavior } from "../../actors/registry/index.ts";
import { LocalImage, privateDirectory } from "../../machines/local/index.ts";
import type { Image, Remains } from "../../machines/machine.ts";
import { AgentWords } from "../agents/index.ts";
import {
  doorOf,
  machineThing,
  type ReapedRun,
  type RunPaths,
  readThings,
  reapRun,
  sparedProcesses,
  ThingLog,
} from "../home/index.ts";
import {
  type Addressee,
  type JournalNote,
  type ProcessDefinition,
  type ProcessMessage,
  ProcessRecord,
  processBehavior,
  type Run,
} from "../process/index.ts";
import { JournaledRegistry } from "./journaled-registry.ts";
import { runHarness } from "./run-harness.ts";
import { tell } from "./tell.ts";

export interface LiveRunParts {
  readonly id: string;
  readonly paths: RunPaths;
  readonly logDir: string;
  readonly clock: Clock;
  readonly harness: Harness;
  readonly journal: Journal;
  readonly redaction: Redaction;
  /** The environment of every process of the run. */
  readonly environment: Readonly<Record<string, string>>;
  /** The second address for agents, besides the Unix socket. Default: none. */
  readonly tcp?: TcpAddress | undefined;
}

/** The time that the tree has to stop at the end of a run before it is killed. */
const stopDeadlineMs = 60_000;
/** The most machines that are spawned at once: an engine or a cloud that is asked for more answers none sooner. */
const maxSpawns = 4;

/** One run: the kernel, the registry, the door for agents, the root process. */
export class LiveRun implements Run {
  readonly id: string;
  readonly logDir: string;
  readonly clock: Clock;
  readonly harness: Harness;
  readonly image: Image;
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: Map<string, Addressee> = new Map();
  readonly system: System;
  readonly registry: JournaledRegistry;
  readonly journal: Journal;
  readonly redaction: Redaction;
  readonly providers: ProviderBackoffs;
  readonly #paths: RunPaths;
  readonly #tcp: TcpAddress | undefined;
  readonly #things: ThingLog;
  readonly #outfitted = new WeakMap<Harness, Harness>();
  readonly startGate: StartGate = createStartGate(availableParallelism());
  readonly spawnGate: StartGate = createStartGate(maxSpawns);
  #bridge: Promise<Bridge> | undefined;
  #root: { readonly record: ProcessRecord; ref: Ref<ProcessMessage> } | undefined;
  readonly #words = new AgentWords();
  #agents = 0;

  constructor(parts: LiveRunParts) {
    const { id, paths, clock, journal } = parts;
    this.id = id;
    this.logDir = parts.logDir;
    this.clock = clock;
    this.harness = parts.harness;
    this.environment = parts.environment;
    this.redaction = parts.redaction;
    this.#things = new ThingLog({ file: paths.things, run: id, clock });
    this.image = new LocalImage();
    this.providers = createProviderBackoffs({ clock });
    this.#paths = paths;
    this.#tcp = parts.tcp;
    this.journal = journal;
    this.system = createSystem({ clock });
    const registry = this.system.spawn(registryBehavior(), { kind: "registry" });
    this.registry = new JournaledRegistry(registry, (record) => journal.append(record));
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
    // Nobody supervises the root: its end is for good, unless somebody restarts it by hand.
    record.onEnd((_, ending) => record.gone(ending));
    record.control = {
      cancel: async () => {
        await root.ref.stop({ type: "shutdown", cause: "api" });
      },
      restart: () =>
        record.restart(async () => {
          await root.ref.stop({ type: "shutdown", cause: "api" });
          root.ref = this.#spawn(record);
        }),
    };
    return record;
  }

  door(): Promise<Door> {
    this.#bridge ??= openBridge({
      socket: doorOf(this.#paths.socket),
      // Sockets are real in every run, also where a test moves the program's clock.
      clock: upkeepClock,
      tcp: this.#tcp,
      log: ({ path = "/", ...event }) => this.note({ type: event.type, path, data: event }),
    });
    return this.#bridge;
  }

  outfit(harness: Harness): Harness {
    const known = this.#outfitted.get(harness);
    if (known) return known;
    const outfitted = runHarness(harness, {
      things: this.#things,
      redaction: this.redaction,
      paneLog: (path) => `${join(this.logDir, "agents", path)}.pane.log`,
    });
    this.#outfitted.set(harness, outfitted);
    return outfitted;
  }

  newAgentId(): string {
    this.#agents += 1;
    return `a${this.#agents}`;
  }

  newAgentWord(path: string): string {
    const word = this.#words.next(path);
    this.note({ type: "agent-word", path, data: { word } });
    return word;
  }

  async agentDir(id: string): Promise<string> {
    const directory = join(this.logDir, "sessions", id);
    await privateDirectory(directory);
    return directory;
  }

  async recordMachine(
    remains: Remains,
    { path }: { readonly path: string },
    on?: string,
  ): Promise<void> {
    await this.#things.record(machineThing(remains, on), { path, epoch: 1 });
  }

  archive(path: string): LogArchive<LogEvent> {
    return new StreamArchive(this.journal, path);
  }

  note(record: JournalNote): void {
    this.journal.append(record);
  }

  commit(record: JournalNote): Promise<void> {
    this.journal.append(record, { promised: true });
    return this.synced();
  }

  /** Resolve when the journal is on the disk. Where a test moves the clock, nothing waits for the disk: its time is not the test's. */
  synced(): Promise<void> {
    return this.clock === systemClock ? this.journal.sync() : Promise.resolve();
  }

  async stop(reason = "the run was stopped"): Promise<void> {
    const root = this.#root;
    if (root === undefined) return;
    root.record.cancelReason ??= reason;
    await root.record.control?.cancel();
  }

  /** In a test, whose clock is another one, nobody sits at a terminal. */
  tell(text: string): void {
    if (this.clock === systemClock) tell(this.redaction.text(text));
  }

  async kill(): Promise<void> {
    await this.#root?.ref.kill();
  }

  /**
   * End everything that the run still has, in the order in which it depends on each other.
   *
   * Resolves with what is still there after that: its record must stay for the next reaper.
   */
  async close(): Promise<ReapedRun> {
    await this.#root?.ref.exited;
    await this.system.stop({ deadlineMs: stopDeadlineMs });
    const reaped = await this.#reap();
    await (await this.#bridge)?.close();
    await this.commit({
      type: "run-ended",
      path: "/",
      data: { state: this.root?.state, ...this.registry.totals },
    });
    await this.journal.close();
    return reaped;
  }

  /** Remove what the tree recorded and did not remove itself. */
  async #reap(): Promise<ReapedRun> {
    const things = await readThings(this.#things.file);
    const run = { id: this.id, things, thingsFile: this.#things.file };
    const reaped = await reapRun(run, await sparedProcesses(this.id, []));
    const { id, left } = reaped;
    const removed = reaped.removed.filter(({ kind }) => kind !== "file");
    if (removed.length + left.length > 0)
      this.note({ type: "reaped", path: "/", data: { run: id, removed, left } });
    return reaped;
  }

  #spawn(record: ProcessRecord): Ref<ProcessMessage> {
    // It bounds its own end: its body has its budget, its children have theirs, and `close` has a deadline.
    const options = { name: record.name, kind: "process", shutdownMs: "infinity" } as const;
    return this.system.spawn(processBehavior(record), options);
  }
}
