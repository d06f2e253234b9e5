import { posix } from "node:path";
import { MisuseError } from "../../../errors.ts";
import { idsOf } from "../../../ids.ts";
import type { Machine, Mount } from "../../../machines/machine.ts";
import { checkOptions, type OptionKinds } from "../../../options.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { type Harness, isSecretName, type Launched, type LaunchSpec } from "../wire/index.ts";
import { type PiCredentials, readCredentials } from "./credentials.ts";
import { toolsThere } from "./find.ts";
import { type PiHost, preparePiHost } from "./host.ts";
import {
  asksAgain,
  envText,
  factsText,
  launchFiles,
  piWords,
  wrapperText,
  writeSettings,
} from "./launch.ts";
import { PiPane } from "./pane.ts";
import { type LentTools, lentTools } from "./provision.ts";
import { keepSession, sessionPlace } from "./session.ts";

export interface PiOptions {
  /** The pi to run. Default: the one on the machine's PATH, else in a `node_modules` above. */
  readonly command?: string | undefined;
  /**
   * pi's own directory on the machine, for its settings, models and logins.
   *
   * With one, pi runs offline and without the user's skills and context files, and `settings` and
   * `models` are written there. Default: the user's own, left as it is.
   */
  readonly agentDir?: string | undefined;
  /** The content of `settings.json` in `agentDir`. Default: quiet, no retries: supervisors retry. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
  /** The content of `models.json` in `agentDir`. Default: what is there. */
  readonly models?: Readonly<Record<string, unknown>> | undefined;
  /**
   * The way to deal with a machine that lacks node, tmux or pi. `off`: the start fails and names what is
   * missing, with the line that installs it. `mount`: this host's node and pi are shown there, under
   * `/opt/ramure`, where the machine can show files of this host. `install`: the machine's package
   * manager and npm install it, which takes minutes; give the agent a `startTimeoutMs`. Default: `off`.
   */
  readonly provision?: "off" | "mount" | "install" | undefined;
  /**
   * The credentials of pi for its provider, brought to its machine in private files and removed with
   * the run. Files are copied where pi's directory is not that of this host. Default: nothing.
   */
  readonly credentials?: PiCredentials | undefined;
  /** Added to pi's environment, by a private file. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** More words for pi's command line. */
  readonly args?: readonly string[] | undefined;
  /** The clock for the watching of panes. Default: the machine's own time. */
  readonly clock?: Clock | undefined;
}

const optionKinds: OptionKinds<PiOptions> = {
  command: "text",
  agentDir: "text",
  settings: "object",
  models: "object",
  provision: "text",
  credentials: "object",
  env: "object",
  args: "list",
  clock: "object",
};

const newId = idsOf(8);

/**
 * Run agents as pi, each in a pane of a private tmux server on its machine.
 *
 * @example
 * ```ts
 * import { agent, agentProcess, done, piHarness, wait } from "ramure";
 *
 * // Each call of `program` launches this pi, with this environment and these words.
 * const harness = piHarness({ env: { EDITOR: "true" }, args: ["--thinking", "low"] });
 * export const program = agentProcess({ harness }, async () => {
 *   const worker = await agent("worker", { prompt: "Say hello, then call finish." });
 *   worker.on("finish", { description: "Call this when you are done." }, () => done());
 *   await wait();
 * });
 * ```
 */
export function piHarness(options: PiOptions = {}): Harness {
  checkOptions("piHarness()", options, optionKinds);
  const { provision = "off" } = options;
  if (!["off", "mount", "install"].includes(provision)) {
    throw new MisuseError(
      "provision",
      `piHarness(): provision is "off", "mount" or "install", not ${JSON.stringify(provision)}.`,
    );
  }
  return new PiHarness(options);
}

class PiHarness implements Harness {
  readonly kind = "pi";
  readonly forks = true;
  readonly #options: PiOptions;
  readonly #hosts = new Map<string, Map<Machine, Promise<PiHost>>>();
  #lent: Promise<LentTools> | undefined;
  readonly #panes = new WeakMap<PiHost, Map<string, PiPane>>();

  constructor(options: PiOptions) {
    this.#options = options;
  }

  async launch(spec: LaunchSpec): Promise<Launched> {
    spec.signal.throwIfAborted();
    const host = await this.#host(spec);
    const panes = this.#panesOf(host);
    await panes.get(spec.id)?.supersede();
    spec.signal.throwIfAborted();
    const pane = await this.#start(spec, host, panes).catch(async (error: unknown) => {
      await host.tmux.killSession(spec.id).catch(() => {});
      throw error;
    });
    if (!spec.signal.aborted) return pane;
    await pane.stop();
    throw spec.signal.reason;
  }

  async mounts(): Promise<readonly Mount[]> {
    return (await this.#tools())?.mounts ?? [];
  }

  async release(machine: Machine, run: string): Promise<void> {
    const hosts = this.#hosts.get(run);
    const host = hosts?.get(machine);
    hosts?.delete(machine);
    if (hosts?.size === 0) this.#hosts.delete(run);
    const prepared = await host?.catch(() => undefined);
    await prepared?.remove();
  }

  #host(spec: LaunchSpec): Promise<PiHost> {
    const { machine, run } = spec;
    const hosts = this.#hosts.get(run) ?? new Map<Machine, Promise<PiHost>>();
    this.#hosts.set(run, hosts);
    const known = hosts.get(machine);
    if (known) return known;
    const host = this.#prepare(spec);
    hosts.set(machine, host);
    host.catch(() => hosts.delete(machine));
    return host;
  }

  #tools(): Promise<LentTools> | undefined {
    if (this.#options.provision === "mount") this.#lent ??= lentTools(this.#options.command);
    return this.#lent;
  }

  async #prepare(spec: LaunchSpec): Promise<PiHost> {
    const { machine, door, record, signal } = spec;
    const { command, agentDir, provision } = this.#options;
    const credentials = await readCredentials(this.#options.credentials);
    for (const secret of credentials.secrets) spec.conceal?.(secret);
    const lent = (await this.#tools())?.commands ?? [];
    const host = await preparePiHost({
      machine,
      door,
      id: newId(),
      find: lent.length > 0 ? { mounted: lent } : { command },
      install: provision === "install",
      agentDir,
      credentials,
      record,
      signal,
    });
    if (agentDir !== undefined) await writeSettings(machine, agentDir, this.#options);
    return host;
  }

  #panesOf(host: PiHost): Map<string, PiPane> {
    const panes = this.#panes.get(host) ?? new Map<string, PiPane>();
    this.#panes.set(host, panes);
    return panes;
  }

  async #start(spec: LaunchSpec, host: PiHost, panes: Map<string, PiPane>): Promise<PiPane> {
    const { machine, id, path } = spec;
    const { tmux } = host;
    const directory = posix.join(host.directory, id);
    const own = host.seesHost ? spec.dir : directory;
    const files = launchFiles(directory);
    const launch = newId();
    const { file: session, aside } = await sessionPlace(spec, own);
    const channel = `exit-${launch}`;
    await this.#writeFiles(spec, host, { files, channel, launch, session });
    const run = ["sh", files.script];
    if (await tmux.hasSession(id)) await tmux.respawnPane(id, { command: run });
    else await tmux.newSession({ name: id, command: run, cwd: machine.workDir, place: path });
    const paneLog = host.seesHost ? spec.paneLog : undefined;
    await tmux.pipePane(id, paneLog ?? posix.join(own, "pane.log"));
    const pane: PiPane = new PiPane({
      machine,
      tmux,
      clock: this.#options.clock ?? spec.clock ?? systemClock,
      name: id,
      channel,
      files,
      marker: `RAMURE_LAUNCH=${launch}`,
      aside,
      keep: host.seesHost ? undefined : (conversation) => keepSession(spec, conversation),
      removed: async () => {
        if (panes.get(id) === pane) panes.delete(id);
        await machine.exec(["rm", "-f", "--", ...Object.values(files)]);
      },
    });
    panes.set(id, pane);
    return pane;
  }

  async #writeFiles(
    spec: LaunchSpec,
    host: PiHost,
    at: {
      readonly files: ReturnType<typeof launchFiles>;
      readonly channel: string;
      readonly launch: string;
      readonly session: string;
    },
  ): Promise<void> {
    const { machine } = spec;
    const { agentDir, env, models } = this.#options;
    for (const secret of [...secretsIn(env), ...secretsIn(models)]) spec.conceal?.(secret);
    const facts = factsText(spec, {
      ...host.address,
      harnessVersion: host.pi.version,
      retries: agentDir === undefined || (await asksAgain(machine, agentDir)),
    });
    const pi = piWords({
      ...host.pi,
      extension: host.extension,
      session: at.session,
      model: spec.model,
      isolated: agentDir !== undefined,
      args: this.#options.args ?? [],
    });
    const wrapper = wrapperText({
      ...at,
      pi,
      socket: host.tmuxSocket,
      tools: this.#lent && toolsThere,
    });
    await machine.exec(["rm", "-f", "--", at.files.exit]);
    await Promise.all([
      machine.writeFile(at.files.facts, facts, { mode: 0o600 }),
      machine.writeFile(at.files.env, envText(await this.#env(spec, host, at)), { mode: 0o600 }),
      machine.writeFile(at.files.script, wrapper, { mode: 0o700 }),
    ]);
  }

  async #env(
    { run }: LaunchSpec,
    host: PiHost,
    at: { readonly files: { readonly facts: string }; readonly launch: string },
  ): Promise<Readonly<Record<string, string>>> {
    const { agentDir, env, credentials } = this.#options;
    return {
      PI_SKIP_VERSION_CHECK: "1",
      ...(host.agentDir !== undefined && { PI_CODING_AGENT_DIR: host.agentDir }),
      ...(agentDir !== undefined && { PI_OFFLINE: "1" }),
      ...(await readCredentials({ variables: credentials?.variables })).variables,
      ...env,
      RAMURE_RUN: run,
      RAMURE_LAUNCH: at.launch,
      RAMURE_AGENT_FILE: at.files.facts,
    };
  }
}

/** The texts whose names say that they are secrets, at any depth. */
function secretsIn(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) =>
    typeof item === "string" && isSecretName(name) ? [item] : secretsIn(item),
  );
}
