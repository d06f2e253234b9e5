import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeValue } from "../../src/actors/data/index.ts";
import { type ControlClient, connectControl } from "../../src/cli/control-client.ts";
import { verbs } from "../../src/supervisors/control/index.ts";
import type { RunSnapshot } from "../../src/supervisors/control/run-status.ts";
import {
  type FakeActs,
  type FakeRun,
  node,
  openFakeRun,
  temporaryHome,
} from "../fixtures/fake-run.ts";

let home: string;
let run: FakeRun | undefined;
let server: Server | undefined;
let client: ControlClient;
let remove: () => Promise<void>;

beforeEach(async () => {
  ({ home, remove } = await temporaryHome());
});
afterEach(async () => {
  client?.close();
  await run?.close();
  server?.close();
  [run, server] = [undefined, undefined];
  await remove();
});

async function connected(
  acts: Partial<FakeActs> = {},
  snapshot: Partial<RunSnapshot> = {},
): Promise<ControlClient> {
  run = await openFakeRun({ home, id: "r1", acts, snapshot });
  client = await connectControl(run.paths.socket);
  return client;
}

/** Something that listens and answers what it likes. */
async function connectedTo(answer: (line: string) => string): Promise<ControlClient> {
  const socket = join(home, "s.sock");
  server = createServer((peer) => {
    peer.on("data", (line) => peer.write(answer(String(line))));
    peer.on("error", () => {});
  });
  await new Promise<void>((resolve) => server?.listen(socket, resolve));
  client = await connectControl(socket);
  return client;
}

describe("a control client", () => {
  it("a control client gives values that JSON cannot carry, both ways", async () => {
    const echo = await connected({ call: async ({ args }) => args });
    const args = { at: new Date(5), of: new Map([["a", new Set([1n])]]), none: undefined };
    const { value } = await echo.request(verbs.endpointCall, {
      endpoint: "x",
      args: encodeValue(args),
    });
    expect(value).toEqual(args);
  });

  it("a control client gathers a status from all of its pages", async () => {
    const nodes = Array.from({ length: 1_100 }, (_, index) =>
      node(`/main/t${index}`, "process", "running"),
    );
    const connections = Array.from({ length: 600 }, (_, index) => ({
      from: "/main/t1",
      to: `/main/t${index}`,
    }));
    const status = await (await connected({}, { nodes, connections })).status();
    expect(status.nodes).toHaveLength(1_100);
    expect(status.connections).toEqual(connections);
    expect(status).not.toHaveProperty("next");
  });

  it("a control client waits no longer than it is told to, and lets the run know", async () => {
    let reason: unknown;
    const slow = await connected({
      call: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            reason = signal.reason;
            reject(signal.reason);
          });
        }),
    });
    const call = slow.request(
      verbs.endpointCall,
      { endpoint: "x", args: { json: 1 } },
      { timeoutMs: 50 },
    );
    await expect(call).rejects.toMatchObject({ reason: "timed-out" });
    const given = new AbortController();
    const second = slow.request(
      verbs.endpointCall,
      { endpoint: "x", args: { json: 1 } },
      { signal: given.signal },
    );
    given.abort();
    await expect(second).rejects.toMatchObject({ reason: "failed" });
    await slow.request(verbs.runStop, { kill: false });
    expect(reason).toMatchObject({ message: expect.stringContaining("cancelled") });
  });

  it("a control client follows a stream as fast as it is read, and ends it with the loop", async () => {
    let [given, ended] = [0, false];
    const followed = await connected({
      async *events() {
        try {
          for (; ; given += 1) {
            yield {
              seq: given,
              at: 0,
              path: "/main",
              epoch: 1,
              type: "x",
              data: "x".repeat(5_000),
            };
          }
        } finally {
          ended = true;
        }
      },
    });
    const seen: number[] = [];
    for await (const { seq } of followed.stream(verbs.eventsFollow, { follow: true })) {
      seen.push(seq);
      await new Promise((resolve) => setImmediate(resolve));
      if (seq === 400) break;
    }
    expect(seen).toEqual(Array.from({ length: 401 }, (_, index) => index));
    expect(given).toBeLessThan(2_000);
    await followed.request(verbs.runStop, { kill: false });
    await expect.poll(() => ended).toBe(true);
  });

  it("a control client rejects what is open, and all that comes after, when the run is gone", async () => {
    const lost = await connected({ call: () => new Promise(() => {}) });
    const call = lost.request(verbs.endpointCall, { endpoint: "x", args: { json: 1 } });
    const refused = expect(call).rejects.toMatchObject({ reason: "shutting-down" });
    await lost.request(verbs.runStop, { kill: false });
    await run?.close();
    run = undefined;
    await refused;
    await expect
      .poll(() => lost.request(verbs.runStop, { kill: false }).catch((error) => error.reason))
      .toBe("unreachable");
    await expect(connectControl(join(home, "none"))).rejects.toMatchObject({
      reason: "unreachable",
    });
  });

  it.each<[string, string, string]>([
    ["that is no JSON", "what?\n", "bad-request"],
    ["without an id", '{"jsonrpc":"2.0","result":{}}\n', "bad-request"],
    ["without end", "x".repeat(1_100_000), "unreachable"],
    [
      "to nobody, which is an error",
      '{"id":null,"error":{"code":1,"message":"busy","data":{"reason":"busy"}}}\n',
      "busy",
    ],
  ])("a control client gives up a run with an answer %s", async (_, line, reason) => {
    const wrong = await connectedTo(() => line);
    await expect(wrong.status()).rejects.toMatchObject({ code: "control", reason });
  });

  it("a control client refuses a result that is not of the form agreed", async () => {
    const wrong = await connectedTo(() => '{"jsonrpc":"2.0","id":1,"result":{"nodes":7}}\n');
    await expect(wrong.status()).rejects.toMatchObject({ reason: "bad-request" });
  });
});
