/*
 * A worker that may fail, tried again: the next attempt knows what the last one failed with.
 *
 *   npx tsx examples/supervised-retry.ts "Make the tests of this directory pass."
 */
import { agent, agentProcess, currentProcess, done, fail, retry, wait } from "ramure";
import { z } from "zod";

/** One attempt: a fresh agent, which either finishes or says why it cannot. */
export const attempt = agentProcess(async function attempt(goal: string) {
  const { attempt, lastError } = currentProcess();
  const worker = await agent("worker");
  worker.on(
    "finish",
    { description: "Say what you did.", input: z.object({ summary: z.string() }) },
    ({ summary }) => done(summary),
  );
  worker.on(
    "give_up",
    { description: "Say why it cannot be done.", input: z.object({ reason: z.string() }) },
    ({ reason }) => fail(reason),
  );
  const before = lastError instanceof Error ? `\nAttempt ${attempt - 1}: ${lastError.message}` : "";
  await worker.send(`${goal} Then call finish, or give_up.${before}`);
  return await wait<string>(); // Rejects after `fail`, and so fails this attempt.
});

/** Up to 3 restarts in 10 minutes, 1 s, 2 s and 4 s apart. What the last attempt threw is the cause. */
export const supervisedRetry = retry(attempt, {
  maxRestarts: 3,
  withinMs: 600_000,
  backoff: { initialMs: 1_000, maxMs: 30_000, jitter: 0 },
});

if (process.argv[1]?.endsWith("supervised-retry.ts")) {
  console.log(await supervisedRetry(process.argv[2] ?? "Say hello."));
}
