import { startSupervisor } from "ramure/supervisors";
import { describe, expect, it } from "vitest";
import { family, supervisorAt, supervisorSpec, under } from "./family.ts";
import { world } from "./world.ts";

describe("trees of supervisors", () => {
  it.each([
    [true, "auto-shutdown"],
    [false, undefined],
  ])(
    "S48 an inner auto-shutdown, significant %s, ends the outer with %s",
    async (significant, cause) => {
      const all = world();
      const any = { autoShutdown: "any-significant" } as const;
      const worker = all.worker("w", { restart: "transient", significant: true });
      const inner = supervisorSpec("b", any, [worker], { restart: "transient", significant });
      const outer = under(all, await startSupervisor(all.system, any, [inner]));
      await outer.tell("b/w", { done: 1 });
      if (cause === undefined) expect(await outer.statuses()).toBe("b stopped");
      else expect(await outer.supervisor.exited).toMatchObject({ cause });
    },
  );

  it("S54 a supervisor that gave up is restarted with its group", async () => {
    const all = world();
    const one = supervisorSpec("s1", {}, [all.worker("a"), all.worker("b")]);
    const two = supervisorSpec("s2", { intensity: { maxRestarts: 0 } }, []);
    const top = under(
      all,
      await startSupervisor(all.system, { strategy: "one-for-all" }, [one, two]),
    );
    const s2 = await supervisorAt(all.system, `${top.supervisor.path}/s2`);
    await s2.startChild(all.worker("d"));
    const before = await top.pids();
    const child = top.child("s1/a").pid;
    await top.tell("s2/d", "boom");
    expect(await top.statuses()).toBe("s1 running, s2 running");
    const after = await top.pids();
    expect([after.s1, after.s2]).not.toEqual([before.s1, before.s2]);
    expect(top.child("s1/a").pid).not.toBe(child);
    expect(top.child("s1/b").epoch).toBe(1);
    expect(all.system.whereis(`${top.supervisor.path}/s2/d`)).toBeUndefined();
  });

  it("S58 a supervisor starts and stops 10,000 children in less than 30 times what 1,000 take", async () => {
    const small = await lifetime(1_000);
    const large = await lifetime(10_000);
    console.info(`1,000 children: ${small.toFixed()} ms of CPU; 10,000: ${large.toFixed()} ms`);
    expect(large / small).toBeLessThan(30);
  });
});

/** The ms of CPU that so many children cost. */
async function lifetime(count: number): Promise<number> {
  const began = process.cpuUsage().user;
  const { supervisor } = await family({}, () =>
    Array.from({ length: count }, (_, index) => ({
      id: `c${index}`,
      start: () => ({ init: () => 0, receive: () => 0 }),
    })),
  );
  expect(await supervisor.counts()).toMatchObject({ active: count });
  await supervisor.stop();
  return (process.cpuUsage().user - began) / 1_000;
}
