import { type Chart, type ChartOptions, chart, Standing } from "./standing.ts";

/** The states that every thing with incarnations has. */
export type LifeState =
  /** The incarnation is not up yet. */
  | "starting"
  /** The incarnation ended by itself and may be followed by another. */
  | "backoff"
  /** The incarnation was asked to stop. */
  | "stopping"
  /** The thing stopped as it was asked to. */
  | "stopped"
  /** The thing ended and is not restarted. */
  | "failed";

/** The events that every thing with incarnations takes. */
export type LifeEvent =
  /** This incarnation ended by itself; another may follow. */
  | { readonly type: "crashed" }
  /** This incarnation was asked to stop. */
  | { readonly type: "stop-requested" }
  /** This incarnation stopped as it was asked to. */
  | { readonly type: "stopped" }
  /** There will be no other incarnation. */
  | { readonly type: "gave-up" }
  /** Another incarnation begins. */
  | { readonly type: "restarted" };

/** The ends of every living state. */
export const lifeEnds = {
  crashed: "backoff",
  "stop-requested": "stopping",
  "gave-up": "failed",
} as const;

const ending = {
  backoff: { restarted: "starting", "stop-requested": "stopping", "gave-up": "failed" },
  stopping: { stopped: "stopped", crashed: "backoff", "gave-up": "failed" },
  stopped: { restarted: "starting" },
  failed: { restarted: "starting" },
} as const;

type LivingState<State extends string> = Exclude<State | "starting", keyof typeof ending>;

/** Make the chart of a thing with incarnations from the rows of its living states. */
export function lifeChart<State extends string, Event extends { readonly type: string }>(
  kind: string,
  living: Readonly<
    Record<
      LivingState<State>,
      { readonly [Type in (Event | LifeEvent)["type"]]?: State | LifeState }
    >
  >,
): Chart<State | LifeState, Event | LifeEvent> {
  type Options = ChartOptions<State | LifeState, Event | LifeEvent>;
  // The rows of `living` and of `ending` are all there are.
  const table = { ...living, ...ending } as Options["table"];
  return chart(kind, { initial: "starting", ended: ["backoff", "stopped", "failed"], table });
}

/** The final state of a thing that only waited for a restart. */
export type FinalState =
  /** Somebody stopped the thing, or its owner ended. */
  | "stopped"
  /** The thing failed, and is not restarted. */
  | "failed";

/** The standing of a thing with incarnations, and the ways in which each ends. */
export class Lives<State extends string, Event extends { readonly type: string }> extends Standing<
  State | LifeState,
  Event | LifeEvent
> {
  /** Tell whether the incarnation of this epoch lives. Code of one that was killed may still run; what it says has no effect. */
  isCurrent(epoch: number): boolean {
    return epoch === this.epoch && this.isLive;
  }

  /** Take in that the incarnation of this epoch was asked to stop. */
  stopping(epoch: number): void {
    if (this.isCurrent(epoch)) this.move({ type: "stop-requested" });
  }

  /** Take in that an incarnation is over; another may follow. */
  left(why: string | undefined): void {
    if (this.state === "stopping") this.move({ type: "stopped" });
    else if (this.isLive) this.move({ type: "crashed" }, why);
  }

  /** Take in that no other incarnation follows. One that waits for a restart ends `as` it is said. */
  end(why: string, as: FinalState): void {
    if (this.state === "backoff" && as === "stopped") {
      this.move({ type: "stop-requested" });
      this.move({ type: "stopped" }, why);
    }
    if (this.state !== "stopped" && this.state !== "failed") this.move({ type: "gave-up" }, why);
  }
}
