/*
 * A team in which each depends on those before it: when one fails, it and those after it are started
 * again, in order; those before it are left alone.
 *
 *   npx tsx examples/rest-for-one-team.ts
 */
import {
  agent,
  agentProcess,
  child,
  contract,
  currentProcess,
  emit,
  expose,
  fail,
  send,
  supervisor,
  wait,
} from "ramure";
import { z } from "zod";

const boardContract = contract({ messages: z.object({ note: z.string() }) });

/** What the others write to: it survives their restarts, because it was started before them. */
const board = agentProcess({ name: "board", contract: boardContract }, async () => {
  const self = currentProcess(boardContract);
  const notes: string[] = [];
  expose("notes", { description: "What has been noted." }, () => notes);
  emit("ready");
  for (;;) notes.push((await self.receive()).note);
});

/** An agent that notes what it does on the board. */
const member = agentProcess(async function member(role: string) {
  const self = await agent(role);
  self.on(
    "note",
    { description: "Note what you did.", input: z.object({ text: z.string() }) },
    ({ text }) => void send("/team/board", { note: `${role}: ${text}` }),
  );
  self.on(
    "start_over",
    { description: "All is lost: begin again.", input: z.object({ reason: z.string() }) },
    ({ reason }) => fail(reason), // `wait` rejects, the member fails, and the team decides.
  );
  emit("ready");
  await self.send(`You are the ${role} of a team. Call note when you have done something.`);
  await wait();
});

/** `startedBy`: the next one is started when this one has emitted `ready`. */
export const restForOneTeam = supervisor({
  name: "team",
  strategy: "rest-for-one",
  intensity: { maxRestarts: 5, withinMs: 60_000 },
  children: [
    child("board", board, [], { startedBy: "ready" }),
    child("builder", member, ["builder"], { startedBy: "ready", startTimeoutMs: 60_000 }),
    child("tester", member, ["tester"], { startedBy: "ready", startTimeoutMs: 60_000 }),
  ],
});

if (process.argv[1]?.endsWith("rest-for-one-team.ts")) await restForOneTeam();
