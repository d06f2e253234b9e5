import { EventEmitter } from "node:events";
import { createServer } from "node:net";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import {
  agent,
  agentProcess,
  currentProcess,
  done,
  emit,
  expose,
  isCancelled,
  isFailed,
  receive,
  send,
  sleep,
  spawn,
  wait,
  whereis,
} from "../../../src/index.ts";
import { type Script, testRun } from "../../../src/testing.ts";
import { typesOf } from "../../setup/collect.ts";

async function run<Result>(body: () => Promise<Result>, script: Script = () => {}) {
  return await testRun(agentProcess({ name: "root" }, body), [], { script });
}

describe("the scope of a process", () => {
  it("the scope of a process holds in a callback of a library that was bound, whoever calls it, and ends with it", async () => {
    const library = new EventEmitter();
    const listening = agentProcess(async function listening() {
      const self = currentProcess();
      library.on(
        "data",
        self.bind((n: number) => emit("data", { n, path: currentProcess().path })),
      );
      await wait();
    });
    const started = await run(async () => {
      const handle = spawn(listening);
      await sleep(0);
      library.emit("data", 1); // Called by the root, meant for the child.
      await handle.cancel();
      let error: unknown;
      try {
        library.emit("data", 2);
      } catch (thrown) {
        error = thrown;
      }
      const { data } = await handle.events.waitFor("data");
      return { data, types: await typesOf(handle.events), error: String(error) };
    });
    await started.clock.advance(0);
    expect(await started.finished()).toMatchObject({
      data: { n: 1, path: "/root/listening" },
      types: ["data", "cancelled"],
      error: expect.stringContaining("it has ended"),
    });
  });

  it("the scope of a process holds after awaits of sockets and streams", async () => {
    const started = await run(async () => {
      const server = createServer((socket) => socket.end("hello"));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      let text = "";
      for await (const chunk of Readable.from(["a", "b"])) text += chunk;
      server.close();
      emit("read", text);
      return currentProcess().path;
    });
    expect(await started.finished()).toBe("/root");
  });

  it("the scope of a handler is that of the process that wrote it, whoever called", async () => {
    const service = agentProcess(async function service() {
      expose("where", () => {
        emit("called");
        return currentProcess().path;
      });
      emit("ready");
      await wait();
    });
    const script: Script = async (worker) => {
      for await (const _ of worker.messages) worker.say(await worker.call("where"));
    };
    const started = await run(async () => {
      const worker = await agent("worker");
      const handle = spawn(service);
      await handle.events.waitFor("ready");
      await handle.attach(worker);
      const receipt = await worker.send("go");
      return [await handle.call("where"), (await receipt.turn()).text];
    }, script);
    expect(await started.finished()).toEqual(["/root/service", "/root/service"]);
  });
});

describe("a process that is called, not spawned", () => {
  it("a process that is called, not spawned may have a name and be called again and again: when its result is here it is gone", async () => {
    const step = agentProcess({ name: "step" }, async (n: number) => {
      await agent("worker");
      if (n === 2) throw new Error("two");
      return `${currentProcess().path} ${n}`;
    });
    const started = await run(async () => {
      const results: string[] = [];
      for (const n of [1, 2, 3]) results.push(await step(n).catch(String));
      return [...results, whereis("/root/step")];
    });
    expect(await started.finished()).toEqual([
      "/root/step 1",
      "Error: two",
      "/root/step 3",
      undefined,
    ]);
  });

  it("a process that is called, not spawned may not be called twice at once under one given name", async () => {
    const step = agentProcess({ name: "step" }, async () => await sleep(1));
    const started = await run(async () => await Promise.all([step(), step()]).catch(String));
    await started.clock.advance(1);
    expect(await started.finished()).toContain("/root/step exists already");
  });
});

describe("a handle's events", () => {
  it("a handle's events are read from the first by many readers, early and late, each on its own", async () => {
    const three = agentProcess(async function three() {
      for (const type of ["a", "b", "c"]) {
        emit(type);
        await sleep(1);
      }
    });
    const started = await run(async () => {
      const handle = spawn(three);
      const early = [typesOf(handle.events), typesOf(handle.events)];
      await handle.result();
      const late = typesOf(handle.events.from(3));
      return await Promise.all([...early, typesOf(handle.events), late]);
    });
    await started.clock.advance(10);
    const all = ["a", "b", "c", "done"];
    expect(await started.finished()).toEqual([all, all, all, ["c", "done"]]);
  });

  it("a handle's events are waited for within bounds: a timeout, a signal, the log's end", async () => {
    const quiet = agentProcess(async function quiet() {
      await sleep(1_000);
    });
    const started = await run(async () => {
      const { events } = spawn(quiet);
      const abort = new AbortController();
      const waits = [
        events.waitFor("x", { timeoutMs: 100 }).catch((error: Error) => error.name),
        events.waitFor("x", { signal: abort.signal }).catch((error: Error) => error.name),
        events.waitFor("x").catch((error: Error) => error.name),
      ];
      abort.abort();
      return await Promise.all(waits);
    });
    await started.clock.advance(1_000);
    expect(await started.finished()).toEqual(["WaitTimeoutError", "AbortError", "LogEndedError"]);
  });

  it("a handle's events keep cancelled, failed and timeouts apart", async () => {
    const waiting = agentProcess({ timeoutMs: 1_000 }, async () => await wait());
    const broken = agentProcess(async () => {
      throw new Error("broken");
    });
    const started = await run(async () => {
      const handles = [spawn(waiting), spawn(waiting), spawn(broken)];
      await sleep(0);
      await handles[0]?.cancel("enough");
      await Promise.allSettled(handles.map((handle) => handle.result()));
      const ends: unknown[] = [];
      for (const handle of handles) {
        for await (const event of handle.events) {
          if (isCancelled(event)) ends.push(event.data.reason);
          if (isFailed(event)) ends.push(event.data.class);
        }
      }
      return ends;
    });
    await started.clock.advance(1_000);
    expect(await started.finished()).toEqual(["enough", "timeout", "throw"]);
  });
});

describe("a mailbox", () => {
  it("a mailbox is reached by path, by handle, and by what whereis found; an agent's too", async () => {
    const heard: string[] = [];
    const script: Script = async (worker) => {
      for await (const { text } of worker.messages) heard.push(text);
    };
    const inbox = agentProcess(async function inbox() {
      return [await receive(), await receive(), await receive()];
    });
    const started = await run(async () => {
      const handle = spawn(inbox);
      send("/root/inbox", 1);
      send(handle, 2);
      const found = whereis("/root/inbox");
      if (found !== undefined) send(found, 3);
      const worker = await agent("worker");
      send(worker, "hello");
      await worker.events.waitFor("turn-started");
      return { got: await handle.result(), kind: found?.kind, nobody: whereis("/root/none") };
    }, script);
    const { got, kind, nobody } = await started.finished();
    expect({ got, kind, nobody, heard }).toEqual({
      got: [1, 2, 3],
      kind: "process",
      nobody: undefined,
      heard: ["hello"],
    });
  });

  it("a mailbox gives up waiting after its timeout, and keeps what did not fit", async () => {
    const started = await run(async () => {
      send("/root", "a");
      const none = await receive({ where: (m) => m === "b", timeoutMs: 100 }).catch(String);
      done();
      return [none, await receive()];
    });
    await started.clock.advance(100);
    expect(await started.finished()).toEqual([
      "ReceiveTimeoutError: /root received no message that fits within 100 ms.",
      "a",
    ]);
  });
});
