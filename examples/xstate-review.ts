/*
 * A review loop whose gate is a chart: it says who may do what, and when it is over. The author is an
 * agent that the chart starts and tells its verdicts.
 *
 *   npx tsx examples/xstate-review.ts "A function that parses ISO durations, with tests"
 *   ramure send gate '{"type":"approve"}'
 *   ramure send gate '{"type":"reject","comments":"Negative durations are missing."}'
 */
import { agent, currentProcess, send, statechart } from "ramure";
import { assign, fromPromise, setup } from "xstate";
import { z } from "zod";

const maxRounds = 3;

interface Gate {
  readonly task: string;
  readonly work: string;
  readonly rounds: number;
  readonly verdict: "none" | "approved" | "refused" | "expired";
}

type GateEvent =
  | { readonly type: "submit"; readonly work: string }
  | { readonly type: "approve" }
  | { readonly type: "reject"; readonly comments: string };

/** Starts the agent. What it submits is an event of the gate; a failure of its start is the gate's. */
const author = fromPromise<void, string>(async ({ input }) => {
  const { path } = currentProcess();
  const worker = await agent("author");
  worker.on(
    "submit",
    { description: "Hand in your work for review.", input: z.object({ work: z.string() }) },
    ({ work }) => {
      send(path, { type: "submit", work });
      return "Wait for the verdict.";
    },
  );
  await worker.send(`${input}. Call submit when it is ready.`);
});

const gate = setup({
  types: {
    context: {} as Gate,
    events: {} as GateEvent,
    input: {} as string,
    output: {} as Gate,
  },
  actors: { author },
  guards: { lastRound: ({ context }) => context.rounds === maxRounds },
}).createMachine({
  id: "gate",
  context: ({ input }) => ({ task: input, work: "", rounds: 1, verdict: "none" }),
  invoke: { src: "author", input: ({ context }) => context.task },
  initial: "writing",
  states: {
    writing: {
      on: { submit: { target: "reviewing", actions: assign({ work: ({ event }) => event.work }) } },
    },
    reviewing: {
      after: { 3600000: "expired" },
      on: {
        approve: "approved",
        reject: [
          { guard: "lastRound", target: "refused" },
          {
            target: "writing",
            actions: [
              assign({ rounds: ({ context }) => context.rounds + 1 }),
              ({ event }) => send(`${currentProcess().path}/author`, `Not yet: ${event.comments}`),
            ],
          },
        ],
      },
    },
    approved: { type: "final", entry: assign({ verdict: "approved" }) },
    refused: { type: "final", entry: assign({ verdict: "refused" }) },
    expired: { type: "final", entry: assign({ verdict: "expired" }) },
  },
  output: ({ context }) => context,
});

/** Resolves with the verdict, or `expired` after an hour without one. */
export const xstateReview = statechart(gate);

if (process.argv[1]?.endsWith("xstate-review.ts")) {
  console.log(await xstateReview(process.argv[2] ?? "Write a haiku into haiku.txt"));
}
