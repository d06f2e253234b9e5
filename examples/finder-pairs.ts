/*
 * A finder looks for things to do; each goes to a pair of its own, an implementer and a reviewer.
 * At most three pairs work at a time, and the crash of one leaves the others alone.
 *
 *   npx tsx examples/finder-pairs.ts "Look for missing error messages in src/"
 */
import { agent, agentProcess, bubble, connect, done, fail, pool, spawn, wait } from "ramure";
import { z } from "zod";

interface Finding {
  readonly title: string;
}

/** One finding, one pair. */
const pair = agentProcess(async function pair({ title }: Finding) {
  const implementer = await agent("implementer");
  const reviewer = await agent("reviewer");
  connect(implementer, reviewer);
  reviewer.on("approve", { description: "The change is good." }, () => done(title));
  reviewer.on(
    "abandon",
    { description: "It is not worth it.", input: z.object({ reason: z.string() }) },
    ({ reason }) => fail(reason),
  );
  await implementer.send(`${title}. When it is ready, message the reviewer.`);
  return await wait<string>();
});

export const finderPairs = agentProcess(async function finderPairs(goal: string) {
  const pairs = spawn(pool({ process: pair, size: 3, tries: 1 }));
  bubble(pairs);
  const finder = await agent("finder");
  const outcomes: Promise<string>[] = [];
  finder.on(
    "propose",
    { description: "Propose one thing to do.", input: z.object({ title: z.string() }) },
    async (finding) => {
      const task = await pairs.add(finding);
      const outcome = task.result().then(
        (title) => `done: ${title}`,
        (error: Error) => `abandoned: ${finding.title} (${error.message})`,
      );
      outcomes.push(outcome);
      // What came of it goes back to the finder, so that it looks elsewhere.
      void outcome.then((line) => finder.send(line));
      return `It is ${task.id}.`;
    },
  );
  finder.on("no_more", { description: "There is nothing more to find." }, () => done());
  await finder.send(`${goal}. Call propose for each, then no_more.`);
  await wait();
  await pairs.drain();
  return await Promise.all(outcomes);
});

if (process.argv[1]?.endsWith("finder-pairs.ts")) {
  console.log(await finderPairs(process.argv[2] ?? "Look for typos in README.md"));
}
