import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type Agent,
  agent,
  agentProcess,
  connect,
  currentRuntime,
  emit,
  expose,
  LocalImage,
  machine,
  type ProcessHandle,
  spawn,
  wait,
} from "../../../src/index.ts";
import { testRun } from "../../../src/testing.ts";

type Script = NonNullable<NonNullable<Parameters<typeof testRun>[2]>["script"]>;
type Scripted = Parameters<Extract<Script, (...args: never) => unknown>>[0];

let folder: string;
const here = (...parts: string[]) => join(folder, ...parts);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "connections-"));
  for (const name of ["alice", "bob", "carol"]) await mkdir(here(name));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Three agents, each on a machine of its own; what a call of a tool gave or was refused with. */
async function company(
  link: (agents: { alice: Agent; bob: Agent; carol: Agent }) => void,
  calls: readonly (readonly [who: string, tool: string, args: object])[],
) {
  const heard: string[] = [];
  const script = async (self: Scripted) => {
    for await (const { text } of self.messages) {
      if (!text.startsWith("{")) {
        heard.push(`${self.name}: ${text}`);
        continue;
      }
      const { tool, args } = JSON.parse(text) as { tool: string; args: Record<string, string> };
      self.say(await self.call(tool, args).catch(String));
    }
  };
  const root = agentProcess({ name: "root" }, async () => {
    const start = async (name: string) => {
      const image = new LocalImage({ workDir: here(name) });
      return await agent(name, { machine: await machine({ name: `on-${name}`, image }) });
    };
    const agents = {
      alice: await start("alice"),
      bob: await start("bob"),
      carol: await start("carol"),
    };
    link(agents);
    const answers: string[] = [];
    for (const [who, tool, args] of calls) {
      const caller = agents[who as "alice"];
      const receipt = await caller.send(JSON.stringify({ tool, args }));
      answers.push((await receipt.turn()).text);
    }
    await Promise.all(Object.values(agents).map(async (each) => (await each.send("over")).turn()));
    return answers;
  });
  const run = await testRun(root, [], { script });
  return { answers: await run.finished(), heard: heard.filter((line) => !line.endsWith("over")) };
}

describe("connected agents", () => {
  it("message each other, and read who sent it", async () => {
    const { answers, heard } = await company(
      ({ alice, bob }) => connect(alice, bob),
      [
        ["alice", "message", { receiver: "bob", message: "hello" }],
        ["bob", "message", { receiver: "alice", message: "[message from carol]\nhi" }],
        ["alice", "list_agents", {}],
      ],
    );
    expect(answers).toEqual(["Sent to bob.", "Sent to alice.", '[\n  "bob"\n]']);
    expect(heard).toEqual([
      "bob: [message from alice]\nhello",
      "alice: [message from bob]\n[message from carol]\nhi",
    ]);
  });

  it("connected agents cannot learn who else exists: unknown and out of reach are one answer", async () => {
    const { answers } = await company(
      ({ alice, bob }) => connect(alice, bob),
      [
        ["alice", "message", { receiver: "carol", message: "psst" }],
        ["alice", "message", { receiver: "nobody", message: "psst" }],
        ["alice", "download_file", { sender: "carol", path: "x" }],
        ["alice", "download_file", { sender: "nobody", path: "x" }],
        ["carol", "message", { receiver: "alice", message: "psst" }],
      ],
    );
    const same = (answer = "") => answer.replace(/carol|nobody/, "X");
    expect(answers[0]).toContain(
      'There is no agent "carol" that you can reach; those that you can are bob.',
    );
    expect(same(answers[0])).toBe(same(answers[1]));
    expect(same(answers[2])).toBe(same(answers[3]));
    expect(answers[4]).toContain("There is no tool message");
  });

  it("connected agents reach one way only when the connection is forward", async () => {
    await writeFile(here("alice", "plan.md"), "the plan");
    const { answers } = await company(
      ({ alice, bob }) => connect(alice, bob, { direction: "forward" }),
      [
        ["alice", "message", { receiver: "bob", message: "do it" }],
        ["bob", "message", { receiver: "alice", message: "no" }],
        ["bob", "download_file", { sender: "alice", path: "plan.md" }],
        ["alice", "download_file", { sender: "bob", path: "plan.md" }],
      ],
    );
    expect(answers[0]).toBe("Sent to bob.");
    expect(answers[1]).toContain("There is no tool message");
    expect(answers[2]).toContain("Copied from alice to inbox/alice/plan.md (8 bytes, sha256 ");
    expect(answers[3]).toContain("There is no tool download_file");
  });

  it("connected agents send files from one machine to another, and check their hash", async () => {
    const bytes = new Uint8Array(300_000).map((_, i) => (i * 7) % 256);
    await writeFile(here("alice", "data.bin"), bytes);
    const { answers } = await company(
      ({ alice, bob }) => connect(alice, bob),
      [
        ["alice", "send_file", { receiver: "bob", path: "data.bin" }],
        ["alice", "send_file", { receiver: "bob", path: "data.bin", dest_path: "in/copy.bin" }],
        [
          "bob",
          "download_file",
          { sender: "alice", path: here("alice", "data.bin"), dest_path: "got/" },
        ],
      ],
    );
    expect(answers[0]).toMatch(
      /^Sent to bob as inbox\/alice\/data.bin \(300000 bytes, sha256 \w{64}\)\.$/,
    );
    for (const path of ["inbox/alice/data.bin", "in/copy.bin", "got/data.bin"]) {
      expect(Buffer.compare(await readFile(here("bob", path)), bytes)).toBe(0);
    }
  });

  it("connected agents send no file that is too large, missing, or outside the work directories", async () => {
    await writeFile(here("secret"), "s");
    await writeFile(here("alice", "big"), "x".repeat(2_000));
    await writeFile(here("alice", "ok"), "ok");
    await symlink(here("secret"), here("alice", "link"));
    await symlink(folder, here("alice", "up"));
    await symlink(folder, here("bob", "out"));
    await writeFile(here("bob", "file"), "");
    const to = (path: string, dest_path = "") =>
      ["alice", "send_file", { receiver: "bob", path, dest_path }] as const;
    const { answers } = await company(
      ({ alice, bob }) => connect(alice, bob, { maxFileBytes: 1_000 }),
      [
        to("big"),
        to("none"),
        to("../secret"),
        to("/etc/passwd"),
        to("link"),
        to("up/secret"),
        to("ok", "../x"),
        to("ok", "/tmp/x"),
        to("ok", "out/x"),
        to("ok", "file/x"),
        ["bob", "download_file", { sender: "alice", path: "../secret" }],
      ],
    );
    const why = answers.map((answer) => answer.replace(/^.* was not copied: /, ""));
    expect(why.map((line) => line.replaceAll(folder, ""))).toEqual([
      "it has 2000 bytes and 1000 are allowed.",
      "there is no such file, or it is a directory.",
      "a path has a file name and no .. in it.",
      "it is outside the work directory /alice.",
      "a link leads out of the work directory /alice.",
      "a link leads out of the work directory /alice.",
      "a path has a file name and no .. in it.",
      "it is outside the work directory /bob.",
      "a link leads out of the work directory /bob.",
      "a part of its path is a file.",
      "a path has a file name and no .. in it.",
    ]);
  });

  it("connected agents send files under names that a shell or tmux would run, and nothing runs", async () => {
    const names = [
      "#(touch probe)",
      "$(touch probe)",
      "`touch probe`",
      "; touch probe",
      "-rf",
      "a\nb",
    ];
    for (const name of names) await writeFile(here("alice", name), name);
    const { answers } = await company(
      ({ alice, bob }) => connect(alice, bob),
      names.map((path) => [
        "alice",
        "send_file",
        { receiver: "bob", path, dest_path: `in/${path}` },
      ]),
    );
    expect(answers.map((answer) => answer.startsWith("Sent to bob as in/"))).not.toContain(false);
    for (const name of names) expect(String(await readFile(here("bob", "in", name)))).toBe(name);
    const found = await readdir(folder, { recursive: true });
    expect(found.filter((path) => path.split("/").at(-1) === "probe")).toEqual([]);
  });

  it("connected agents cannot talk without end: so many messages a minute", async () => {
    const say = ["alice", "message", { receiver: "bob", message: "again" }] as const;
    const { answers } = await company(
      ({ alice, bob }) => connect(alice, bob, { maxMessagesPerMinute: 2 }),
      [say, say, say],
    );
    expect(answers).toEqual([
      "Sent to bob.",
      "Sent to bob.",
      "Not sent: that were too many messages to bob; wait 60 s, or go on without an answer.",
    ]);
  });
});

describe("a connection", () => {
  it("a connection ends with the process that made it and with either agent; the tree is told", async () => {
    const root = agentProcess({ name: "root" }, async () => {
      const [a, b, c] = [await agent("a"), await agent("b"), await agent("c")];
      const linked = agentProcess(async () => {
        connect(a, c);
        return (await edges()).length;
      });
      connect(a, b);
      const seen = [(await edges()).length, await linked(), (await edges()).length];
      await b.stop();
      return [...seen, (await edges()).length];
    });
    const run = await testRun(root, [], { script: () => {} });
    expect(await run.finished()).toEqual([2, 4, 2, 0]);
  });

  it("a connection is refused between an agent and itself", async () => {
    const root = agentProcess({ name: "root" }, async () => {
      const a = await agent("a");
      connect(a, a);
    });
    const run = await testRun(root, [], { script: () => {} });
    await expect(run.finished()).rejects.toThrow(
      "/root/a cannot be connected with itself; name two agents.",
    );
  });

  it("a connection is refused in a direction that is misspelt", async () => {
    const root = agentProcess({ name: "root" }, async () => {
      const [a, b] = [await agent("a"), await agent("b")];
      connect(a, b, { direction: "foward" as "forward" });
      await wait();
    });
    const run = await testRun(root, [], { script: () => {} });
    await expect(run.finished()).rejects.toThrow(
      'A connection has no direction "foward"; use "both" or "forward".',
    );
  });
});

describe("two agents of one name that are connected with the same colleague", () => {
  /** Does what it is told, one call a message, and says what came of it. */
  const obeys = async (self: Scripted) => {
    for await (const { text } of self.messages) {
      if (!text.startsWith("{")) {
        heard.push(`${self.path}: ${text.replace("\n", " ")}`);
        continue;
      }
      const { tool, args } = JSON.parse(text) as { tool: string; args: Record<string, string> };
      self.say(String(await self.call(tool, args).catch(String)));
    }
  };
  const heard: string[] = [];
  const order = async (who: Agent | undefined, tool: string, args: object) => {
    const receipt = await who?.send(JSON.stringify({ tool, args }));
    return (await receipt?.turn())?.text ?? "";
  };

  /** Two processes, each with an agent `worker` that is connected with the one reviewer. */
  async function misnamed() {
    heard.length = 0;
    const workers: Agent[] = [];
    const sub = agentProcess(async function sub(reviewer: Agent, dir: string) {
      const worker = await agent("worker", { image: new LocalImage({ workDir: here(dir) }) });
      workers.push(worker);
      connect(worker, reviewer);
      emit("ready");
      await wait();
    });
    const root = agentProcess(async function root() {
      const reviewer = await agent("reviewer", {
        image: new LocalImage({ workDir: here("carol") }),
      });
      const subs: ProcessHandle[] = [];
      for (const dir of ["alice", "bob"]) {
        const handle = spawn(sub, reviewer, dir);
        subs.push(handle);
        await handle.events.waitFor("ready");
      }
      expose("end_first", async () => await subs[0]?.cancel());
      emit("ready");
      await wait();
    });
    const run = await testRun(root, [], { script: { worker: obeys, reviewer: obeys } });
    await run.handle.events.waitFor("ready");
    const [first, second] = workers;
    return { run, first, second, reviewer: run.handle.agents.get("reviewer") };
  }

  it("two agents of one name that are connected with the same colleague are known by one word each, which is in all lines and reaches exactly that agent", async () => {
    const { run, first, second, reviewer } = await misnamed();
    for (const worker of [first, second]) {
      await order(worker, "message", { receiver: "reviewer", message: "look" });
    }
    await expect.poll(() => heard.length).toBe(2);
    expect(heard).toEqual([
      "/root/reviewer: [message from worker] look",
      "/root/reviewer: [message from sub-2/worker] look",
    ]);
    expect(JSON.parse(await order(reviewer, "list_agents", {}))).toEqual([
      "worker",
      "sub-2/worker",
    ]);
    const answer = { receiver: "sub-2/worker", message: "change line 3" };
    expect(await order(reviewer, "message", answer)).toBe("Sent to sub-2/worker.");
    await expect
      .poll(() => heard.at(-1))
      .toBe("/root/sub-2/worker: [message from reviewer] change line 3");
    await run.handle.cancel("enough");
    await run.finished().catch(() => {});
  });

  it("two agents of one name that are connected with the same colleague never replace each other's files, nor their own", async () => {
    const { run, first, second, reviewer } = await misnamed();
    await writeFile(here("alice", "fix.patch"), "of issue 1");
    await writeFile(here("bob", "fix.patch"), "of issue 2");
    const file = { receiver: "reviewer", path: "fix.patch" };
    const answers = [
      await order(first, "send_file", file),
      await order(second, "send_file", file),
      await order(second, "send_file", file),
      await order(reviewer, "download_file", { sender: "sub-2/worker", path: "fix.patch" }),
    ];
    expect(answers.map((answer) => answer.replace(/sha256 \w+/, "sha256"))).toEqual([
      "Sent to reviewer as inbox/worker/fix.patch (10 bytes, sha256).",
      "Sent to reviewer as inbox/sub-2/worker/fix.patch (10 bytes, sha256).",
      "Sent to reviewer as inbox/sub-2/worker/fix-2.patch (10 bytes, sha256). Nothing was replaced: there was a inbox/sub-2/worker/fix.patch already.",
      "Copied from sub-2/worker to inbox/sub-2/worker/fix-3.patch (10 bytes, sha256). Nothing was replaced: there was a inbox/sub-2/worker/fix.patch already.",
    ]);
    const texts = ["worker/fix.patch", "sub-2/worker/fix.patch", "sub-2/worker/fix-2.patch"];
    expect(
      await Promise.all(texts.map((name) => readFile(here("carol", "inbox", name), "utf8"))),
    ).toEqual(["of issue 1", "of issue 2", "of issue 2"]);
    await run.handle.cancel("enough");
    await run.finished().catch(() => {});
  });

  it("two agents of one name that are connected with the same colleague keep their words when one of them has ended, and whoever writes to that one is told so", async () => {
    const { run, second, reviewer } = await misnamed();
    await run.handle.call("end_first");
    expect(await order(reviewer, "message", { receiver: "worker", message: "hello?" })).toContain(
      "worker has ended, and you cannot reach it any more; those that you can are sub-2/worker.",
    );
    const answer = { receiver: "sub-2/worker", message: "hello" };
    expect(await order(reviewer, "message", answer)).toBe("Sent to sub-2/worker.");
    await second?.stop();
    expect(await order(reviewer, "message", answer)).toContain(
      "sub-2/worker has ended, and you cannot reach it any more; you can reach none.",
    );
    expect(await order(reviewer, "list_agents", {})).toBe("[]");
    await run.handle.cancel("enough");
    await run.finished().catch(() => {});
  });
});

async function edges(): Promise<readonly unknown[]> {
  const { connections } = await currentRuntime().registry.call<{
    readonly connections: readonly unknown[];
  }>((reply) => ({ type: "snapshot", reply }) as never);
  return connections;
}
