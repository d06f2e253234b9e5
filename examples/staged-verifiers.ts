/*
 * A pipeline: proposers make claims, a pool of verifiers checks them, what holds is filed. Each stage
 * holds back the one before it: a proposer's tool answers when its claim is in the queue.
 *
 *   npx tsx examples/staged-verifiers.ts "Security holes in src/" "Races in src/"
 */
import { agent, agentProcess, bubble, done, pool, spawn, wait } from "ramure";
import { z } from "zod";

const claimInput = z.object({ claim: z.string() });

/** Check one claim. When the verifier crashes, the claim goes back into the queue: none is lost. */
const verify = agentProcess(async function verify(claim: string) {
  const verifier = await agent("verifier");
  verifier.on(
    "verdict",
    { description: "Say whether the claim holds.", input: z.object({ holds: z.boolean() }) },
    ({ holds }) => done(holds),
  );
  await verifier.send(`Try to refute this, then call verdict: ${claim}`);
  return await wait<boolean>();
});

export const stagedVerifiers = agentProcess(async function stagedVerifiers(
  areas: readonly string[],
) {
  const verifiers = spawn(pool({ process: verify, size: 2, queue: 2, tries: 3 }));
  bubble(verifiers);
  const filed: string[] = [];
  const checks: Promise<void>[] = [];

  const propose = agentProcess(async function propose(area: string) {
    const proposer = await agent("proposer");
    proposer.on("claim", { description: "Claim one thing.", input: claimInput }, async (given) => {
      const task = await verifiers.add(given.claim); // Waits while the queue is full.
      checks.push(task.result().then((holds) => void (holds && filed.push(given.claim))));
    });
    proposer.on("no_more", { description: "There is nothing more." }, () => done());
    await proposer.send(`${area}. Call claim for each, then no_more.`);
    await wait();
  });

  await Promise.all(areas.map((area) => propose(area)));
  await verifiers.drain();
  await Promise.all(checks);
  return filed.sort();
});

if (process.argv[1]?.endsWith("staged-verifiers.ts")) {
  console.log(await stagedVerifiers(process.argv.slice(2)));
}
