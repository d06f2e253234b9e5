import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { programOf } from "../../setup/programs.ts";

const fixture = "test/fixtures/hostile.ts";

/*
 * tmux runs the `#(…)` that it finds in names, paths and formats. Here stands one in whatever a user,
 * a model or an environment may give to a run with a real pi; it would make a file.
 */
describe("a word that tmux would run", () => {
  let folder = "";
  let evil = "";

  beforeEach(async () => {
    folder = await mkdtemp("/tmp/rh-");
    evil = `#(touch ${folder}/probe)`;
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs the program to its end. Resolves with what it said, and whether the word did anything. */
  async function played(words: readonly string[], env: Record<string, string> = {}) {
    const home = join(folder, "home");
    const { stdout } = await execa(process.execPath, [programOf(fixture), ...words], {
      env: { RAMURE_HOME: home, TMPDIR: folder, ...env },
      forceKillAfterDelay: false,
      timeout: 150_000,
    });
    return { stdout, ran: (await readdir(folder)).includes("probe") };
  }

  const work = () => join(folder, "work");

  it("a word that tmux would run does nothing in prompts, the model's name and words, a tool's arguments, titles", async () => {
    const { stdout, ran } = await played([evil, work()]);
    expect(stdout).toBe(`said I say ${evil}`);
    expect(ran).toBe(false);
  });

  it("a word that tmux would run is refused in the work directory, and does nothing", async () => {
    const { stdout, ran } = await played(["x", join(folder, evil)]);
    expect(stdout).toContain(`threw unsafe-word "${join(folder, evil)}"`);
    expect(ran).toBe(false);
  });

  it("a word that tmux would run is refused in RAMURE_HOME, and does nothing", async () => {
    const { stdout, ran } = await played(["x", work()], { RAMURE_HOME: join(folder, evil) });
    expect(stdout).toContain(`threw unsafe-word "${join(folder, evil)}`);
    expect(ran).toBe(false);
  });

  it("a word that tmux would run is refused in TMPDIR, where a long RAMURE_HOME needs it, and does nothing", async () => {
    await mkdir(join(folder, evil), { recursive: true });
    const env = { TMPDIR: join(folder, evil), RAMURE_HOME: join(folder, "x".repeat(90)) };
    const { stdout, ran } = await played(["x", work()], env);
    expect(stdout).toContain(`threw unsafe-word "${join(folder, evil)}`);
    expect(ran).toBe(false);
  });
});
