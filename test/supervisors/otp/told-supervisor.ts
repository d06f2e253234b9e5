import {
  type Context,
  createSystem,
  type ExitReason,
  errorExit,
  ignore,
  type ManualClock,
  manualClock,
  type System,
} from "../../../src/actors/index.ts";
import {
  type ChildSpec,
  type Supervisor,
  startSupervisor,
} from "../../../src/supervisors/index.ts";
import type { End, Start, Step, Story, ToldChild } from "./story.ts";

/** Tell a story to a supervisor of ours. Resolves to the lines that an OTP supervisor would print. */
export async function told(story: Story): Promise<readonly string[]> {
  const clock = manualClock();
  const system = createSystem({ clock });
  const supervisor = new ToldSupervisor({ clock, system });
  try {
    await supervisor.follow(story);
  } finally {
    await system.stop();
  }
  if (clock.pending > 0) supervisor.lines.push(`${clock.pending} timers are left`);
  return supervisor.lines;
}

const reasons: Readonly<Record<Exclude<End, "kill">, ExitReason>> = {
  normal: { type: "normal" },
  shutdown: { type: "shutdown", cause: "api" },
  error: errorExit(new Error("asked to fail")),
};

/**
 * A supervisor under the manual clock that keeps the journal of its children.
 *
 * The documented differences are translated here: `reviveFinished` is set, as in OTP; the window is an
 * hour; giving up and auto-shutdown end with `shutdown`; the words are ours.
 */
class ToldSupervisor {
  readonly lines: string[] = [];
  readonly #living = new Map<string, Context<unknown>>();
  readonly #plans = new Map<string, Start[]>();
  readonly #clock: ManualClock;
  readonly #system: System;
  #exit: string | undefined;

  constructor(world: { readonly clock: ManualClock; readonly system: System }) {
    this.#clock = world.clock;
    this.#system = world.system;
  }

  async follow({ strategy, maxRestarts, autoShutdown, first, steps }: Story): Promise<void> {
    const intensity = { maxRestarts, withinMs: 3_600_000, maxConsecutive: Number.MAX_SAFE_INTEGER };
    const flags = { strategy, autoShutdown, intensity, reviveFinished: true };
    for (const child of first) this.#plan(child);
    const starting = startSupervisor(this.#system, flags, first.map(this.#spec));
    const supervisor = await starting.catch(() => undefined);
    if (supervisor === undefined) {
      this.lines.push("not started");
      return;
    }
    void supervisor.exited.then(({ type }) => {
      this.#exit = type;
    });
    await this.#states(supervisor);
    for (const step of steps) {
      await this.#take(step, supervisor);
      await this.#clock.settle();
      if (this.#exit !== undefined) break;
      await this.#states(supervisor);
    }
    if (this.#exit === undefined) await supervisor.stop();
    await this.#clock.settle();
    this.lines.push(`exit ${this.#exit}`);
  }

  async #take(step: Step, supervisor: Supervisor): Promise<void> {
    switch (step.do) {
      case "ends":
        for (const [id, how] of step.ends) this.#end(id, how);
        return;
      case "terminate":
        return await this.#answer(() => supervisor.terminateChild(step.id));
      case "restart":
        return await this.#answer(() => supervisor.restartChild(step.id));
      case "delete":
        return await this.#answer(() => supervisor.deleteChild(step.id));
      case "add": {
        const children = await supervisor.children();
        if (!children.some(({ id }) => id === step.child.id)) this.#plan(step.child);
        return await this.#answer(() => supervisor.startChild(this.#spec(step.child)));
      }
      case "plan":
        this.#plan(step);
        return;
      default:
        step satisfies never;
    }
  }

  /** Set the end in motion in this turn, before the supervisor hears of any. */
  #end(id: string, how: End): void {
    const context = this.#living.get(id);
    if (context === undefined) return;
    this.#living.delete(id);
    if (how === "kill") void this.#system.whereis(context.self.path)?.kill();
    else context.exit(reasons[how]);
  }

  #plan({ id, starts }: { readonly id: string; readonly starts: readonly Start[] }): void {
    this.#plans.set(id, [...starts]);
  }

  async #answer(ask: () => Promise<unknown>): Promise<void> {
    const answer = await ask().then(
      () => "ok",
      (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : error),
    );
    if (this.#exit === undefined) this.lines.push(`answer ${answer}`);
  }

  async #states(supervisor: Supervisor): Promise<void> {
    const states = (await supervisor.children()).map(({ id, status }) => {
      const isRunning = status === "running" || status === "restarting";
      return ` ${id}=${isRunning ? status : "stopped"}`;
    });
    this.lines.push(`state${states.join("")}`);
  }

  #spec = ({ id, restart, significant, shutdown }: ToldChild): ChildSpec => ({
    id,
    restart,
    significant,
    shutdownMs: shutdown === "in-time" ? undefined : shutdown,
    start: () => {
      const start = this.#plans.get(id)?.shift() ?? "ok";
      if (start === "ignore") {
        this.lines.push(`ignore ${id}`);
        return ignore;
      }
      this.lines.push(`${start === "error" ? "fail" : "start"} ${id}`);
      if (start === "error") throw new Error("planned");
      return {
        init: (context) => {
          this.#living.set(id, context);
          context.own(() => {
            if (this.#living.get(id) === context) this.#living.delete(id);
          });
        },
        receive: () => undefined,
        terminate: (_state, { type }) => {
          this.lines.push(`end ${id} ${type}`);
        },
      };
    },
  });
}
