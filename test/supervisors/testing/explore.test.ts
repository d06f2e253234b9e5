import { expect, it } from "vitest";
import {
  agent,
  agentProcess,
  done,
  emit,
  type OpenShape,
  pool,
  retry,
  sleep,
  wait,
} from "../../../src/index.ts";
import {
  type ExploreOptions,
  explore,
  type Script,
  WorldBrokenError,
} from "../../../src/testing.ts";

const policy = { withinMs: 600_000, maxRestarts: 20, maxConsecutive: 20 };

/** Works for a second, then asks for the tool. */
const worker: Script = async (self) => {
  for await (const _ of self.messages) {
    await self.sleep(1_000);
    await self.call("finish", {});
    self.say("done");
  }
};

const job = agentProcess(async function job() {
  const one = await agent("worker");
  one.on("finish", { description: "Finish." }, () => done("well"));
  await one.send("Go.");
  return await wait<string>();
});

it("explore plays every world of a program that stands crashes", async () => {
  const { worlds, crashes } = await explore(retry(job, policy), {
    script: worker,
    seeds: 12,
    test: async (run) => expect(await run.finished()).toBe("well"),
  });
  expect(worlds).toBe(12);
  expect(crashes).toBeGreaterThan(5);
});

/** Pays again when it is restarted. */
const pay = agentProcess(async function pay() {
  emit("paid");
  await sleep(1_000);
  return "done";
});

async function paying(options: ExploreOptions<[], string, OpenShape>) {
  return await explore(retry(pay, policy), {
    ...options,
    test: async (run) => {
      await run.finished();
      let paid = 0;
      for await (const { type } of run.handle.events) if (type === "paid") paid += 1;
      expect(paid).toBe(1);
    },
  }).catch((error: unknown) => error);
}

it("explore tells the seed, the crash and the story of the first world that broke", async () => {
  const broken = await paying({ seeds: 50 });
  if (!(broken instanceof WorldBrokenError)) throw new Error(`not found: ${broken}`);
  expect(broken.crashes).toMatchObject([{ path: "/pay/run", kind: "process" }]);
  expect(broken.message).toContain(`explore(…, { seed: ${broken.world.seed}, seeds: 1,`);
  expect(broken.message).toContain("process /pay/run");
  expect(broken.message).toMatch(/crash +process \/pay\/run/);
  expect(String(broken.cause)).toContain("expected 2 to be 1");
});

it("explore tells the same story again for its seed", async () => {
  const broken = await paying({ seeds: 50 });
  if (!(broken instanceof WorldBrokenError)) throw new Error(`not found: ${broken}`);
  const again = await paying({ ...broken.world, seeds: 1 });
  expect(again).toMatchObject({ world: broken.world, crashes: broken.crashes });
});

it("explore lets only those crash that it is told to", async () => {
  const double = agentProcess(async function double(n: number) {
    await sleep(100);
    return 2 * n;
  });
  const work = pool({ process: retry(double, policy), size: 2 });
  const explored = await explore(work, {
    args: [[1, 2, 3]],
    seeds: 10,
    kinds: ["machine"],
    test: async (run) => {
      const results = await run.finished();
      expect(results.map((one) => one.status)).toEqual(["fulfilled", "fulfilled", "fulfilled"]);
    },
  });
  expect(explored).toEqual({ worlds: 10, crashes: 0 });
});

it("explore rejects with the error of a test that fails without any crash", async () => {
  const fine = agentProcess(async () => "fine");
  const test = () => Promise.reject(new Error("the test is wrong"));
  await expect(explore(fine, { seeds: 3, test })).rejects.toThrow("the test is wrong");
});

it("explore refuses options that it does not know, and no worlds", async () => {
  const fine = agentProcess(async () => "fine");
  await expect(explore(fine, { sedes: 3 } as never)).rejects.toThrow("did you mean seed");
  await expect(explore(fine, { seeds: 0 })).rejects.toThrow("seeds >= 1");
});
