import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createSystem,
  type ManualClock,
  manualClock,
  type System,
} from "../../../src/actors/index.ts";
import type { Context } from "../../../src/actors/kernel/behavior.ts";
import {
  type ChildSpec,
  type Supervisor,
  startSupervisor,
} from "../../../src/supervisors/index.ts";
import { storiesOf } from "./stories.ts";

/*
 * Starts and stops that take their time, and everything at once: what must hold however it interleaves.
 * The order of single steps is the model's business (model.test.ts).
 */

const stories = storiesOf("storm", 300);

interface Act {
  readonly do: "crash" | "finish" | "kill" | "terminate" | "restart" | "force" | "delete" | "add";
  readonly child: number;
  readonly thenMs: number;
}

interface Temper {
  readonly restart: "permanent" | "transient" | "temporary";
  readonly startMs: number;
  readonly stopMs: number;
  readonly shutdownMs: number | "infinity" | "brutal-kill";
  readonly backoffMs: number;
  readonly failsEvery: number;
  readonly exclusive: boolean;
  readonly leansBack: number;
}

const temper: fc.Arbitrary<Temper> = fc.record({
  restart: fc.constantFrom("permanent", "permanent", "transient", "temporary"),
  startMs: fc.constantFrom(0, 0, 5, 30),
  stopMs: fc.constantFrom(0, 0, 5, 30),
  shutdownMs: fc.constantFrom<Temper["shutdownMs"][]>(0, 10, 100, "infinity", "brutal-kill"),
  backoffMs: fc.constantFrom(0, 0, 20),
  failsEvery: fc.constantFrom(0, 0, 0, 2, 3),
  exclusive: fc.boolean(),
  leansBack: fc.constantFrom(0, 0, 1, 2),
});

const act: fc.Arbitrary<Act> = fc.record({
  do: fc.constantFrom(
    "crash",
    "crash",
    "crash",
    "finish",
    "kill",
    "terminate",
    "restart",
    "force",
    "delete",
    "add",
  ),
  child: fc.nat({ max: 6 }),
  thenMs: fc.constantFrom(0, 0, 1, 7, 40),
});

const story = fc.record({
  strategy: fc.constantFrom("one-for-one", "one-for-all", "rest-for-one"),
  maxRestarts: fc.constantFrom(2, 20),
  reviveFinished: fc.boolean(),
  tempers: fc.array(temper, { minLength: 1, maxLength: 5 }),
  acts: fc.array(act, { minLength: 1, maxLength: 25 }),
});

/** What the children of a storm see of themselves. */
class Weather {
  /** Ids of living incarnations, by what runs of them and was not killed. */
  readonly living = new Map<string, number>();
  readonly wrong: string[] = [];
  readonly #starts = new Map<string, number>();

  spec(id: string, temper: Temper, dependsOn: string | undefined): ChildSpec {
    const { restart, shutdownMs, backoffMs, exclusive } = temper;
    const backoff =
      backoffMs === 0 ? undefined : { initialMs: backoffMs, maxMs: backoffMs, jitter: 0 };
    const start = (context: Context<unknown>) => this.#start(id, temper, context);
    return { id, restart, shutdownMs, backoff, exclusive, dependsOn, start };
  }

  async #start(id: string, { startMs, stopMs, failsEvery }: Temper, context: Context<unknown>) {
    const turn = (this.#starts.get(id) ?? 0) + 1;
    this.#starts.set(id, turn);
    this.#enter(id);
    context.own(() => this.#leave(id));
    if (startMs > 0) await context.clock.sleep(startMs, { signal: context.signal });
    if (failsEvery > 0 && turn % failsEvery === 0) throw new Error("a bad day");
    return {
      init: () => 0,
      receive: (state: unknown, message: unknown, own: Context<unknown>) => {
        if (message === "crash") throw new Error("crash");
        own.exit();
        return state;
      },
      terminate: async (_state: unknown, _reason: unknown, own: Context<unknown>) => {
        if (stopMs > 0) await own.clock.sleep(stopMs);
      },
    };
  }

  #enter(id: string): void {
    const others = this.living.get(id) ?? 0;
    if (others > 0) this.wrong.push(`${id} lives twice`);
    this.living.set(id, others + 1);
  }

  #leave(id: string): void {
    this.living.set(id, (this.living.get(id) ?? 0) - 1);
  }
}

function perform(
  act: Act,
  id: string,
  sup: Supervisor,
  system: System,
): Promise<unknown> | undefined {
  const ref = system.whereis(`${sup.path}/${id}`);
  if (act.do === "crash" || act.do === "finish") ref?.send(act.do);
  if (act.do === "kill") return ref?.kill();
  if (act.do === "terminate") return sup.terminateChild(id);
  if (act.do === "restart") return sup.restartChild(id);
  if (act.do === "force") return sup.restartChild(id, { force: true });
  if (act.do === "delete") return sup.deleteChild(id);
  return undefined;
}

/** Time passes until nothing waits for it any more. What fails again and again is given up within this time. */
async function calm(clock: ManualClock): Promise<void> {
  await clock.advance(100);
  for (let turn = 0; turn < 60 && clock.pending > 0; turn += 1) await clock.advance(100);
}

describe("a supervisor in a storm", () => {
  it(
    "a supervisor in a storm runs nobody twice, forgets no call, settles, and leaves nothing",
    async () => {
      await stories.hold(
        fc.asyncProperty(
          story,
          async ({ strategy, maxRestarts, reviveFinished, tempers, acts }) => {
            const clock = manualClock();
            const system = createSystem({ clock });
            const weather = new Weather();
            const intensity = { maxRestarts, maxConsecutive: 6 };
            const sup = await startSupervisor(system, { strategy, intensity, reviveFinished }, []);
            const answers: Promise<unknown>[] = [];
            const ids: string[] = [];
            const add = (temper: Temper) => {
              const id = `c${ids.length}`;
              const dependsOn = strategy === "one-for-one" ? ids.at(-temper.leansBack) : undefined;
              ids.push(id);
              const leansOn = temper.leansBack === 0 ? undefined : dependsOn;
              answers.push(sup.startChild(weather.spec(id, temper, leansOn)));
            };
            for (const one of tempers) add(one);
            await calm(clock);
            for (const one of acts) {
              const id = ids[one.child % ids.length] ?? "c0";
              const next = tempers[one.child % tempers.length];
              if (one.do === "add" && next !== undefined) add(next);
              const answer = perform(one, id, sup, system);
              if (answer !== undefined) answers.push(answer);
              for (const each of answers) each.catch(() => undefined);
              if (one.thenMs > 0) await clock.advance(one.thenMs);
            }
            await calm(clock);
            const all = Promise.allSettled(answers).then(() => "answered");
            const none = clock.settle().then(() => "some call was never answered");
            expect(await Promise.race([all, none])).toBe("answered");
            expect(weather.wrong).toEqual([]);
            const children = await sup.children().catch(() => []);
            expect(children.filter(({ status }) => status === "stopping")).toEqual([]);
            const lives = children.map(({ path }) => system.whereis(path)?.pid);
            expect(children.map(({ pid }) => pid)).toEqual(lives);
            const stopping = system.stop();
            await calm(clock);
            await stopping;
            await clock.settle();
            expect([...weather.living.values()].filter((count) => count !== 0)).toEqual([]);
            expect(clock.pending).toBe(0);
          },
        ),
      );
    },
    Math.max(60_000, stories.count * 300),
  );
});
