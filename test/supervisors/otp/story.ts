import fc from "fast-check";

export type Restart = "permanent" | "transient" | "temporary";
/** How a start goes: well, with nothing to run, or badly. */
export type Start = "ok" | "ignore" | "error";
/** How a child ends by itself, or by somebody's kill. */
export type End = "normal" | "shutdown" | "error" | "kill";

export interface ToldChild {
  readonly id: string;
  readonly restart: Restart;
  readonly significant: boolean;
  readonly shutdown: "in-time" | "brutal-kill";
  /** How its first starts go. Those after them go well. */
  readonly starts: readonly Start[];
}

/** One thing that happens to a supervisor. */
export type Step =
  /** Several children end in one moment, in this order. */
  | { readonly do: "ends"; readonly ends: readonly (readonly [id: string, how: End])[] }
  | { readonly do: "terminate" | "restart" | "delete"; readonly id: string }
  | { readonly do: "add"; readonly child: ToldChild }
  /** The child's next starts go like this. */
  | { readonly do: "plan"; readonly id: string; readonly starts: readonly Start[] };

/** What is told to a supervisor of OTP and to ours alike. */
export interface Story {
  readonly strategy: "one-for-one" | "one-for-all" | "rest-for-one";
  readonly maxRestarts: number;
  readonly autoShutdown: "never" | "any-significant" | "all-significant";
  readonly first: readonly ToldChild[];
  readonly steps: readonly Step[];
}

const number = fc.nat({ max: 5 });
const starts = fc.array(fc.constantFrom<Start>("ok", "error", "error", "ignore"), { maxLength: 3 });
const drawn = fc.record({
  restart: fc.constantFrom<Restart>("permanent", "transient", "temporary"),
  significant: fc.boolean(),
  shutdown: fc.constantFrom("in-time", "in-time", "brutal-kill"),
});
const end = fc.constantFrom<End>("error", "error", "kill", "normal", "shutdown");

/** Steps that name children by number: which ids there are is known once the first children are drawn. */
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("ends" as const),
      ends: fc.array(fc.tuple(number, end), { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("terminate" as const, "restart" as const, "delete" as const),
      number,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("add" as const),
      drawn,
      starts,
      number: fc.option(number, { freq: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("plan" as const), number, starts }) },
);

const rules = {
  strategy: fc.constantFrom(
    "one-for-one" as const,
    "one-for-all" as const,
    "rest-for-one" as const,
  ),
  maxRestarts: fc.constantFrom(0, 1, 2, 4, 100),
  autoShutdown: fc.constantFrom(
    "never" as const,
    "any-significant" as const,
    "all-significant" as const,
  ),
};

/** Random stories. One in ten has a first child that does not start. */
export const stories: fc.Arbitrary<Story> = fc
  .record({
    ...rules,
    children: fc.array(drawn, { minLength: 1, maxLength: 5 }),
    firstStarts: fc.option(fc.tuple(number, starts), { freq: 10 }),
    drawnSteps: fc.array(step, { minLength: 1, maxLength: 12 }),
  })
  .map(({ children, firstStarts, drawnSteps, ...told }) => {
    const made = (id: string, child: Drawn, planned: readonly Start[]): ToldChild => {
      const maySignify = told.autoShutdown !== "never" && child.restart !== "permanent";
      return { ...child, id, starts: planned, significant: child.significant && maySignify };
    };
    const first = children.map((child, index) =>
      made(`c${index + 1}`, child, firstStarts?.[0] === index ? firstStarts[1] : []),
    );
    const ids = first.map(({ id }) => id);
    const isPlanned = (one: { readonly starts: readonly Start[] }) =>
      one.starts.some((start) => start !== "ok");
    const waits = told.strategy === "rest-for-one" || told.autoShutdown !== "never";
    let mayFail = first.some(isPlanned);
    const named = (which: number) => ids[which % ids.length] ?? "c1";
    const steps = drawnSteps.map((one): Step => {
      if ("starts" in one) mayFail ||= isPlanned(one);
      switch (one.do) {
        case "ends":
          return { do: "ends", ends: inOneMoment(one.ends, named, waits && mayFail ? 1 : 4) };
        case "plan":
          return { do: "plan", id: named(one.number), starts: one.starts };
        case "add": {
          const id = one.number === null ? `c${ids.length + 1}` : named(one.number);
          if (one.number === null) ids.push(id);
          return { do: "add", child: made(id, one.drawn, one.starts) };
        }
        default:
          return { do: one.do, id: named(one.number) };
      }
    });
    return { ...told, first, steps };
  });

/**
 * Each child ends once, and kills do not mix with other ends: here they take effect at once. A start
 * that OTP makes in vain (`withoutVain`) may use up what is planned for it, so then one ends at a time.
 */
function inOneMoment(
  ends: readonly (readonly [number, End])[],
  named: (which: number) => string,
  most: number,
): readonly (readonly [id: string, how: End])[] {
  const isKill = ends[0]?.[1] === "kill";
  const alike = ends.filter(([, how]) => (how === "kill") === isKill);
  return [...new Map(alike.slice(0, most).map(([which, how]) => [named(which), how]))];
}

type Drawn = Omit<ToldChild, "id" | "starts">;

/** Write a story as one Erlang term, in the words of OTP. */
export function erlangTerm({ strategy, maxRestarts, autoShutdown, first, steps }: Story): string {
  const rest = [list(first.map(child)), list(steps.map(stepTerm))];
  return `${tuple([atom(strategy), maxRestarts, atom(autoShutdown), ...rest])}.`;
}

function stepTerm(step: Step): string {
  switch (step.do) {
    case "ends":
      return tuple(["ends", list(step.ends.map(tuple))]);
    case "add":
      return tuple(["add", child(step.child)]);
    case "plan":
      return tuple(["plan", step.id, list(step.starts)]);
    default:
      return tuple([step.do, step.id]);
  }
}

function child({ id, restart, significant, shutdown, starts }: ToldChild): string {
  const inTime = shutdown === "in-time" ? 5_000 : atom(shutdown);
  return tuple([id, restart, significant, inTime, list(starts)]);
}

const atom = (word: string) => word.replaceAll("-", "_");
const list = (terms: readonly unknown[]) => `[${terms.join(",")}]`;
const tuple = (terms: readonly unknown[]) => `{${terms.join(",")}}`;
