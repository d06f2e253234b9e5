import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { erlangTerm, type Story } from "./story.ts";

const script = fileURLToPath(new URL("stories.escript", import.meta.url));

/** Find out what is missing to tell stories to OTP. Undefined: nothing. */
export async function missing(): Promise<string | undefined> {
  const { exitCode, stderr } = await execa(
    "erl",
    ["-noshell", "-eval", "supervisor:module_info(), halt(0)."],
    { reject: false },
  );
  if (exitCode === 0) return undefined;
  const why = exitCode === undefined ? "there is no erl" : `erl does not run: ${stderr}`;
  return `${why}. Install Erlang/OTP 24 or newer: apt-get install -y --no-install-recommends erlang-base`;
}

/** Tell stories to supervisors of OTP, all in one `erl`. Resolves to the lines of each. */
export async function toldToOtp(
  stories: readonly Story[],
): Promise<readonly (readonly string[])[]> {
  const folder = await mkdtemp(join(tmpdir(), "ramure-otp-"));
  try {
    const file = join(folder, "stories.txt");
    await writeFile(file, stories.map((story) => `${erlangTerm(story)}\n`).join(""));
    const { stdout } = await execa("escript", [script, file]);
    return stdout
      .split(/^story$/m)
      .slice(1)
      .map((lines) => lines.trim().split("\n"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
