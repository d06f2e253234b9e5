import { MachineUnreachableError } from "../../machines/errors.ts";
import type { Machine } from "../../machines/machine.ts";
import { type Context, errorExit } from "../kernel/index.ts";
import type { MachineMemory } from "./machine-memory.ts";
import type { MachineMessage } from "./machine-message.ts";

/** When a machine is asked whether it answers, and how long it may not answer. */
export interface HealthLimits {
  /** From one probe to the next, in ms, where the machine can be probed; 0: never. Default: 30_000. */
  readonly everyMs?: number | undefined;
  /** From the first sign that it cannot be reached to its restart, in ms. Default: 30_000; 0 for one that has ended for certain. */
  readonly graceMs?: number | undefined;
}

/** From one probe to the next while the machine does not answer. */
const impatientMs = 1_000;
/** The longest silence of a probe. */
const silenceMs = 20_000;

/** Watches one machine: whether it answers, and that its lease does not run out. */
export class MachineHealth {
  readonly #machine: Machine;
  readonly #memory: MachineMemory;
  readonly #context: Context<MachineMessage>;
  readonly #everyMs: number;
  readonly #graceMs: number;
  #lastError: MachineUnreachableError | undefined;

  constructor(options: {
    readonly machine: Machine;
    readonly memory: MachineMemory;
    readonly context: Context<MachineMessage>;
    readonly limits?: HealthLimits | undefined;
    readonly ttlMs?: number | undefined;
  }) {
    const { machine, limits = {}, ttlMs = 0, context } = options;
    this.#machine = machine;
    this.#memory = options.memory;
    this.#context = context;
    this.#everyMs = limits.everyMs ?? 30_000;
    this.#graceMs = limits.graceMs ?? 30_000;
    this.#probeLater();
    if (machine.renew && ttlMs > 0) {
      context.timers.every("lease", ttlMs / 3, { type: "lease-due", ttlMs });
    }
  }

  /** Somebody could not reach the machine. It may be back in a moment: a link that was cut, an engine that restarts. */
  unreachable(error: MachineUnreachableError): void {
    this.#lastError = error;
    if (error.gone) {
      if (this.#memory.state === "ready")
        this.#memory.standing.move({ type: "lost" }, error.message);
      this.lost();
      return;
    }
    if (this.#memory.state !== "ready") return;
    this.#memory.standing.move({ type: "lost" }, error.message);
    this.#context.timers.after("grace", this.#graceMs, { type: "grace-over" });
    this.probe();
  }

  probe(): void {
    const { self, timers } = this.#context;
    const machine = this.#machine;
    const silent = new MachineUnreachableError(
      machine.summary,
      `it did not answer for ${silenceMs / 1_000} s`,
    );
    const missed = { type: "unreachable", machine, probed: true } as const;
    timers.after("silence", silenceMs, { ...missed, error: silent });
    const answer = machine.probe?.() ?? machine.exec(["true"]).then(() => {});
    answer.then(
      () => self.send({ type: "answered", machine }),
      (error: unknown) => {
        if (!(error instanceof MachineUnreachableError)) self.send({ type: "answered", machine });
        else self.send({ ...missed, error });
      },
    );
  }

  /** A probe failed: the next one follows soon. */
  missed(): void {
    this.#context.timers.cancel("silence");
    this.#context.timers.after("probe", impatientMs, { type: "probe-due" });
  }

  answered(): void {
    this.#context.timers.cancel("silence");
    this.#context.timers.cancel("grace");
    if (this.#memory.state === "unreachable") this.#memory.standing.move({ type: "recovered" });
    this.#probeLater();
  }

  lost(): void {
    const error =
      this.#lastError ?? new MachineUnreachableError(this.#machine.summary, "it does not answer");
    this.#context.exit(errorExit(error, "lost"));
  }

  /** A renewal that fails is tried again at the next third of the time. */
  renew(ttlMs: number): void {
    const { self } = this.#context;
    const machine = this.#machine;
    machine.renew?.(ttlMs).catch((error: unknown) => {
      if (error instanceof MachineUnreachableError) {
        self.send({ type: "unreachable", machine, error });
      }
    });
  }

  #probeLater(): void {
    if (!this.#machine.probe || this.#everyMs <= 0) return;
    this.#context.timers.after("probe", this.#everyMs, { type: "probe-due" });
  }
}
