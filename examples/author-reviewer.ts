/*
 * Two agents in one directory: the author writes, the reviewer comments, and they talk to each other.
 * Who may talk to whom is code; what they say, and when, is theirs.
 *
 *   npx tsx examples/author-reviewer.ts "A function that parses ISO durations, with tests"
 */
import { agent, agentProcess, connect, done, fail, machine, wait } from "ramure";
import { z } from "zod";

const maxRounds = 5;

export const authorReviewer = agentProcess(
  { timeoutMs: 300_000 },
  async function authorReviewer(task: string) {
    const shared = await machine(); // Both live here, so the reviewer sees the author's files.
    const author = await agent("author", { machine: shared });
    const reviewer = await agent("reviewer", { machine: shared });
    connect(author, reviewer); // Gives both `message`, `send_file`, `download_file`, `list_agents`.

    let rounds = 0;
    reviewer.on("approve", { description: "The work is good." }, () => {
      done({ approved: true, rounds });
    });
    reviewer.on(
      "reject",
      {
        description: "The work is not good yet; the author gets your comments.",
        input: z.object({ comments: z.string() }),
      },
      async ({ comments }) => {
        rounds += 1;
        if (rounds === maxRounds) return fail(`not approved after ${maxRounds} rounds`);
        await author.send(`Round ${rounds} of the review:\n${comments}`);
      },
    );
    await author.send(`${task}. When it is ready, message the reviewer.`);
    return await wait<{ approved: boolean; rounds: number }>();
  },
);

if (process.argv[1]?.endsWith("author-reviewer.ts")) {
  console.log(await authorReviewer(process.argv[2] ?? "Write a haiku into haiku.txt"));
}
