import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";
import { programOf } from "../../setup/programs.ts";

const program = programOf("test/fixtures/tested.ts");

it("the home of a test whose process was killed goes with the next test run", async () => {
  const killed = execa(process.execPath, [program, "hang"], { reject: false });
  const [printed] = await once(killed.stdout, "data");
  const logs = String(printed).trim();
  const alive = execa(process.execPath, [program, "hang"], { reject: false });
  const [others] = await once(alive.stdout, "data");
  killed.kill("SIGKILL");
  await killed;
  expect(existsSync(logs)).toBe(true);

  await execa(process.execPath, [program]);
  expect(existsSync(dirname(dirname(logs)))).toBe(false);
  expect(existsSync(String(others).trim())).toBe(true);
  alive.kill("SIGTERM");
  await alive;
});
