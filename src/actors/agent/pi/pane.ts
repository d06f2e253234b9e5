import { constants } from "node:os";
import { codeOf } from "../../../errors.ts";
import type { Argv, Machine } from "../../../machines/machine.ts";
import { sweep } from "../../../machines/sweep.ts";
import type { Tmux } from "../../../machines/tmux/index.ts";
import type { Clock } from "../../clock.ts";
import type { Conversation, HarnessExit, Launched } from "../wire/index.ts";
import type { LaunchFiles } from "./launch.ts";

export interface PaneOptions {
  readonly machine: Machine;
  readonly tmux: Tmux;
  readonly clock: Clock;
  /** The tmux session, the same for every epoch of the agent. */
  readonly name: string;
  readonly channel: string;
  readonly files: LaunchFiles;
  /** The mark in the environment of this launch's processes and of no others: `name=value`. */
  readonly marker: string;
  /** The new place of a conversation that could not be continued. */
  readonly aside?: string | undefined;
  /** Copies the file of a conversation to this host. Default: it lies here. */
  readonly keep?: ((conversation: Conversation) => Promise<void>) | undefined;
  /** Runs once, when nothing of the launch is left. */
  readonly removed: () => Promise<void>;
}

const pollEveryMs = 3_000;
const detailLines = 15;
/** A stopped machine has ended all that ran there. */
const machineStopped = "machine-stopped";

/** A pi in a pane of tmux, watched by three means: its wrapper's word, the pane's state, and the server's end. */
export class PiPane implements Launched {
  readonly exited: Promise<HarnessExit>;
  readonly #options: PaneOptions;
  readonly #watching = new AbortController();
  #superseded = false;
  #lastDetail: string | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: PaneOptions) {
    this.#options = options;
    this.exited = this.#watch();
  }

  get aside(): string | undefined {
    return this.#options.aside;
  }

  get keep(): PaneOptions["keep"] {
    return this.#options.keep;
  }

  async alive(): Promise<boolean> {
    const { tmux, name } = this.#options;
    const status = await tmux.paneStatus(name);
    return status !== undefined && !status.dead && (await this.#writtenCode()) === undefined;
  }

  attach({ readOnly }: { readonly readOnly: boolean }): Argv {
    return this.#options.tmux.attachArgv(this.#options.name, { readOnly });
  }

  /** End the pane's processes without asking. A polite caller sends `shutdown` over the link first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async kill(): Promise<void> {
    await this.#sweep("KILL");
    await this.stop();
  }

  /** Make sure that nothing of this launch runs, and leave its pane to the next one. */
  async supersede(): Promise<void> {
    this.#superseded = true;
    await this.#sweep("TERM");
    await this.exited;
  }

  async #stop(): Promise<void> {
    if (this.#superseded) return;
    this.#lastDetail = await this.#lastWords();
    await unlessStopped(async () => {
      await this.#options.tmux.killSession(this.#options.name);
      await this.#sweep("TERM");
    });
    this.#watching.abort();
    await this.exited;
    await unlessStopped(this.#options.removed);
  }

  async #watch(): Promise<HarnessExit> {
    const { signal } = this.#watching;
    const told = this.#options.tmux.waitFor(this.#options.channel, { signal });
    const over = new AbortController();
    await Promise.race([told.catch(() => this.#untilGone(over.signal)), this.#poll(over.signal)]);
    over.abort();
    this.#watching.abort();
    return this.#exit();
  }

  /** Give the exit after a failed wait: the server may be gone, and its processes may live for a moment longer. */
  async #untilGone(signal: AbortSignal): Promise<void> {
    if (await this.#isOver()) return;
    await this.#poll(signal);
  }

  /** Look now and then whether the harness lives, for when the wrapper was killed or its signal was lost. */
  async #poll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const slept = this.#options.clock.sleep(pollEveryMs, { signal });
      if (!(await slept.then(() => true).catch(() => false)) || (await this.#isOver())) return;
    }
  }

  async #isOver(): Promise<boolean> {
    try {
      return !(await this.alive());
    } catch (error) {
      return codeOf(error) === machineStopped || this.#watching.signal.aborted;
    }
  }

  async #exit(): Promise<HarnessExit> {
    const detail = this.#lastDetail || (await this.#lastWords());
    const code = await this.#writtenCode();
    if (code !== undefined) return { ...exitOf(code), detail };
    const status = await this.#options.tmux.paneStatus(this.#options.name).catch(() => undefined);
    return { exitCode: status?.status, signal: status?.signal, detail };
  }

  async #writtenCode(): Promise<number | undefined> {
    const { machine, files } = this.#options;
    const read = await machine.exec(["cat", "--", files.exit]).catch(() => undefined);
    return read?.ok && /^\d+\n$/.test(read.stdout) ? Number(read.stdout) : undefined;
  }

  /** With history: tmux scrolls the top line off the screen when it says that the pane is dead. */
  async #lastWords(): Promise<string> {
    const { tmux, name } = this.#options;
    const screen = await tmux.capturePane(name, { historyLines: 50 }).catch(() => undefined);
    const lines = (screen ?? "").split("\n").map((line) => line.trimEnd());
    const words = lines.filter((line) => line !== "" && !line.startsWith("Pane is dead ("));
    return words.slice(-detailLines).join("\n");
  }

  /** End every process that this launch started, wherever it moved to. */
  async #sweep(signal: "TERM" | "KILL"): Promise<void> {
    const { machine, marker } = this.#options;
    await sweep(machine, { marker }, signal);
  }
}

function exitOf(code: number): Pick<HarnessExit, "exitCode" | "signal"> {
  const signal = Object.entries(constants.signals).find(([, number]) => number === code - 128);
  return { exitCode: code, signal: code > 128 ? signal?.[0] : undefined };
}

async function unlessStopped(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (codeOf(error) !== machineStopped) throw error;
  }
}
