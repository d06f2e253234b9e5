import {
  createSystem,
  type ManualClock,
  manualClock,
  type System,
} from "../../../src/actors/index.ts";
import {
  type ChildSpec,
  type Supervisor,
  startSupervisor,
} from "../../../src/supervisors/index.ts";
import type { ModelRestart, ModelRules, ModelState } from "./otp-model.ts";

/** A real supervisor that is asked the same as the model. */
export class ModelledSupervisor {
  readonly journal: string[] = [];
  exit: string | undefined;
  readonly #faults = new Map<string, number>();
  readonly #clock: ManualClock;
  readonly #system: System;
  readonly #supervisor: Supervisor;
  readonly #rules: ModelRules;

  private constructor(
    rules: ModelRules,
    world: { clock: ManualClock; system: System; supervisor: Supervisor },
  ) {
    this.#rules = rules;
    this.#clock = world.clock;
    this.#system = world.system;
    this.#supervisor = world.supervisor;
    void world.supervisor.exited.then((reason) => {
      this.exit = reason.type === "shutdown" && reason.cause !== "api" ? reason.cause : reason.type;
    });
  }

  static async start(rules: ModelRules): Promise<ModelledSupervisor> {
    const clock = manualClock();
    const system = createSystem({ clock });
    const { strategy, maxRestarts, withinMs, maxConsecutive, autoShutdown, reviveFinished } = rules;
    const intensity = { maxRestarts, withinMs, maxConsecutive };
    const flags = { strategy, intensity, autoShutdown, reviveFinished };
    const supervisor = await startSupervisor(system, flags, []);
    return new ModelledSupervisor(rules, { clock, system, supervisor });
  }

  plan(id: string, faults: number): void {
    this.#faults.set(id, faults);
  }

  async add(
    id: string,
    restart: ModelRestart,
    options: { significant: boolean; faults: number },
  ): Promise<string> {
    this.plan(id, options.faults);
    return this.#ask(() =>
      this.#supervisor.startChild(this.#spec(id, restart, options.significant)),
    );
  }

  terminate(id: string): Promise<string> {
    return this.#ask(() => this.#supervisor.terminateChild(id));
  }

  restart(id: string): Promise<string> {
    return this.#ask(() => this.#supervisor.restartChild(id));
  }

  delete(id: string): Promise<string> {
    return this.#ask(() => this.#supervisor.deleteChild(id));
  }

  async end(id: string, how: "normal" | "error"): Promise<void> {
    this.#system.whereis(`${this.#supervisor.path}/${id}`)?.send(how);
    await this.#clock.settle();
  }

  advance(ms: number): Promise<void> {
    return this.#clock.advance(ms);
  }

  async states(): Promise<Record<string, ModelState>> {
    const children = await this.#supervisor.children();
    const named = children.map(({ id, status, by }) => [
      id,
      status === "stopped" ? `stopped-${by}` : status,
    ]);
    return Object.fromEntries(named) as Record<string, ModelState>;
  }

  async stop(): Promise<void> {
    await this.#system.stop();
    await this.#clock.settle();
  }

  /** How many timers are left when all is over. */
  get timers(): number {
    return this.#clock.pending;
  }

  async #ask(question: () => Promise<unknown>): Promise<string> {
    const answer = question().then(
      () => "ok",
      (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : "?"),
    );
    await this.#clock.settle();
    return answer;
  }

  #spec(id: string, restart: ModelRestart, significant: boolean): ChildSpec {
    const { backoff } = this.#rules;
    return {
      id,
      restart,
      significant,
      backoff: backoff === undefined ? undefined : { ...backoff, jitter: 0 },
      start: () => {
        const faults = this.#faults.get(id) ?? 0;
        if (faults > 0) {
          this.#faults.set(id, faults - 1);
          this.journal.push(`fail ${id}`);
          throw new Error("planned");
        }
        this.journal.push(`start ${id}`);
        return {
          init: () => 0,
          receive: (state, message, context) => {
            if (message === "error") throw new Error("asked to fail");
            context.exit();
            return state;
          },
          terminate: (_state, { type }) => {
            this.journal.push(`term ${id} ${type}`);
          },
        };
      },
    };
  }
}
