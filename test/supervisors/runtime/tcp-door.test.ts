import { connect } from "node:net";
import { expect, it } from "vitest";
import { agent, agentProcess, done, type Harness, wait } from "../../../src/index.ts";
import { scriptedHarness, testRun } from "../../../src/testing.ts";

const scripted = scriptedHarness(async (worker) => {
  for await (const _ of worker.messages) await worker.call("finish", {});
});

/** Runs the program and gives the URL by which agents could come in. */
async function doorUrl(options: { host?: string; port?: number }): Promise<string | undefined> {
  let url: string | undefined;
  const harness: Harness = {
    kind: "watching",
    launch: (spec) => {
      url = spec.door.url;
      return scripted.launch(spec);
    },
  };
  const program = agentProcess(options, async () => {
    const worker = await agent("worker");
    worker.on("finish", { description: "Finish." }, () => done());
    await worker.send("Go.");
    await wait();
  });
  await (await testRun(program, [], { harness })).finished();
  return url;
}

it("a run listens on no TCP port unless the program asks for one", async () => {
  expect(await doorUrl({})).toBeUndefined();
});

it("a run listens on the host and port that the program names, and no longer than the run", async () => {
  const url = new URL((await doorUrl({ host: "127.0.0.1", port: 0 })) ?? "");
  expect(url.hostname).toBe("127.0.0.1");
  const refused = await new Promise((resolve) => {
    connect(Number(url.port), url.hostname).once("error", resolve).once("connect", resolve);
  });
  expect(refused).toHaveProperty("code", "ECONNREFUSED");
});
