/*
 * Several researchers at once, then one editor. Each researcher calls its agent `worker`: names are
 * unique in a process, not in the run, so no two of them clash.
 *
 *   npx tsx examples/fan-out.ts "B-trees" "LSM trees"
 */
import { agent, agentProcess, done, wait } from "ramure";
import { z } from "zod";

/** Ask one agent one thing, and give what it hands in. */
const ask = agentProcess(async function ask(task: string) {
  const worker = await agent("worker");
  worker.on(
    "hand_in",
    { description: "Hand in your text.", input: z.object({ text: z.string() }) },
    ({ text }) => done(text),
  );
  await worker.send(`${task} Then call hand_in.`);
  return await wait<string>();
});

export const fanOut = agentProcess(async function fanOut(topics: readonly string[]) {
  // A process that is called is a child and a promise at once: what joins promises joins processes.
  // They have all ended, agents and machines included, when their results are here.
  const notes = await Promise.all(topics.map((topic) => ask(`Write ten lines about ${topic}.`)));
  return await ask(`Make one text of these notes:\n${notes.join("\n---\n")}\n`);
});

if (process.argv[1]?.endsWith("fan-out.ts")) console.log(await fanOut(process.argv.slice(2)));
