import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MorphImage } from "../../../src/machines/morph/index.ts";
import { itConforms } from "../conformance/conformance.ts";
import { commandLines } from "../processes.ts";
import { smallDisk } from "../scratch.ts";
import { FakeMorph } from "./morph-service.ts";

const signal = new AbortController().signal;
const morph = new FakeMorph();

describe.runIf(process.env.RAMURE_TEST_MORPH)("With a fake of MorphCloud's service", () => {
  beforeAll(() => morph.start());
  afterAll(() => morph.stop());

  itConforms(() => new MorphImage(morph.access), {
    duplex: true,
    shell: true,
    reach: true,
    fork: true,
    at: (workDir) => new MorphImage({ ...morph.access, workDir }),
    smallDisk: smallDisk(),
    vanish: async ({ summary }) => morph.remove(/morphvm_\d+/.exec(summary)?.[0] ?? ""),
  });

  it("a machine has its time set from the start, has it renewed, and is removed when it stops", async () => {
    const image = new MorphImage({ ...morph.access, ttlSeconds: 2 });
    const machine = await image.spawn({ name: "short", signal, env: { RAMURE_RUN: "r1" } });
    const own = [...morph.instances].filter(([, { metadata }]) => metadata["ramure.run"] === "r1");
    expect(own.map(([, { ttl }]) => ttl)).toEqual([{ ttl_seconds: 2, ttl_action: "stop" }]);
    const [[id] = [""]] = own;
    for (let call = ""; call !== `POST /instance/${id}/ttl`; )
      [call] = await once(morph.calls, "call");
    await machine.stop();
    expect(morph.instances.has(id)).toBe(false);
  });

  it("a fork has its time set, and takes its snapshot away when it stops", async () => {
    const snapshots = morph.snapshots.size;
    await using machine = await new MorphImage(morph.access).spawn({ name: "trunk", signal });
    const fork = await machine.fork?.();
    expect([...morph.instances.values()].every(({ ttl }) => ttl.ttl_seconds === 3_600)).toBe(true);
    await fork?.stop();
    expect(morph.snapshots.size).toBe(snapshots);
  });

  it("a snapshot is an image with the files of the machine", async () => {
    await using machine = await new MorphImage(morph.access).spawn({ name: "first", signal });
    await machine.writeFile("kept", "as it was");
    const image = await machine.snapshot?.();
    await machine.writeFile("kept", "later");
    await using copy = await image?.spawn({ name: "second", signal });
    expect(Buffer.from((await copy?.readFile("kept")) ?? []).toString()).toBe("as it was");
  });

  it("a recipe makes one snapshot, which the next machine uses again", async () => {
    const recipe = { image: "morphvm-minimal", vcpus: 1, memoryMb: 512, diskMb: 1_024 };
    const image = new MorphImage({ ...morph.access, snapshot: undefined, recipe });
    for (const name of ["one", "two"]) {
      await using machine = await image.spawn({ name, signal });
      expect((await machine.exec(["true"])).ok).toBe(true);
    }
    const made = [...morph.snapshots.values()].filter(({ digest }) => digest);
    expect(made).toHaveLength(1);
  });

  it("the key stands in no argument list, and in no error", async () => {
    await using machine = await new MorphImage(morph.access).spawn({ name: "secret", signal });
    const duplex = await machine.duplex?.(["cat"]);
    expect(commandLines().filter(([, line]) => line.includes(morph.key))).toEqual([]);
    duplex?.kill();
    expect(machine.shell?.().join(" ")).not.toContain(morph.key);
    const [id = ""] = [...morph.instances.keys()].slice(-1);
    morph.remove(id);
    const lost = machine.exec(["true"]);
    await expect(lost).rejects.toMatchObject({ code: "machine-unreachable" });
    await expect(lost).rejects.toThrow(/the instance is gone/);
    await expect(lost).rejects.not.toThrow(morph.key);
  });

  it("a wrong key, an unknown snapshot and a service that is not there are each said", async () => {
    const access = morph.access;
    const spawned = (options: object) =>
      new MorphImage({ ...access, ...options }).spawn({ name: "bad", signal });
    await expect(spawned({ apiKey: "other" })).rejects.toThrow(
      /401: Invalid API key.*MORPH_API_KEY/,
    );
    await expect(spawned({ snapshot: "none" })).rejects.toThrow(
      /404: No such snapshot.*check the id/,
    );
    await expect(spawned({ baseUrl: "http://127.0.0.1:1" })).rejects.toThrow(
      /ECONNREFUSED|bad port/,
    );
    await expect(spawned({ apiKey: 'a"b' })).rejects.toMatchObject({ code: "morph-key" });
    expect(() => new MorphImage({})).toThrow(/either `snapshot`/);
  });

  it("an instance that is not wanted any more while it starts is removed", async () => {
    const controller = new AbortController();
    const before = morph.instances.size;
    const reason = new Error("no longer wanted");
    const spawned = new MorphImage(morph.access).spawn({
      name: "never",
      signal: controller.signal,
    });
    morph.calls.on("call", (call: string) => {
      if (/^GET .instance.morphvm/.test(call)) controller.abort(reason);
    });
    await expect(spawned).rejects.toBe(reason);
    expect(morph.instances.size).toBe(before);
  });
});

describe.runIf(process.env.MORPH_API_KEY)("With MorphCloud itself", () => {
  const snapshot = process.env.MORPH_SNAPSHOT;
  const recipe = { image: "morphvm-minimal", vcpus: 1, memoryMb: 1_024, diskMb: 8_192 };
  const from = snapshot === undefined ? { recipe } : { snapshot };

  itConforms(() => new MorphImage({ ...from, ttlSeconds: 600 }), {
    duplex: true,
    shell: true,
    reach: true,
    fork: true,
    slackMs: 60_000,
  });
});
