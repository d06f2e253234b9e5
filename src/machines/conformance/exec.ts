import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import {
  awkwardNames,
  everyByte,
  expectNoneLeft,
  hashScript,
  rejectsWith,
  type Trial,
  timed,
  uniqueSeconds,
} from "./kit.ts";

const exitCodes = [0, 1, 2, 41, 126, 127, 137, 255];

const exitTrials: readonly (readonly [string, Trial])[] = exitCodes.map((code) => [
  `passes on exit code ${code}`,
  async ({ machine }) => {
    const result = await machine.exec(`echo out; echo err >&2; exit ${code}`);
    assert.equal(result.exitCode, code);
    assert.equal(result.ok, code === 0);
    assert.equal(result.timedOut, false);
    assert.deepEqual([result.stdout, result.stderr], ["out\n", "err\n"]);
  },
]);

/** The cases about `exec` that every machine must hold. */
export const execTrials: readonly (readonly [string, Trial])[] = [
  ...exitTrials,
  [
    "answers 127 for a program that is not there",
    async ({ machine }) => {
      const result = await machine.exec(["no-such-program-anywhere", "x"]);
      assert.equal(result.exitCode, 127);
      assert.match(result.stderr, /no-such-program-anywhere/);
    },
  ],
  [
    "answers 126 for a file that is no program",
    async ({ machine }) => {
      await machine.writeFile("plain.txt", "text", { mode: 0o644 });
      assert.equal((await machine.exec(["./plain.txt"])).exitCode, 126);
    },
  ],
  [
    "answers 128 + n for a command that a signal ended",
    async ({ machine }) => {
      for (const [signal, exitCode] of [["KILL", 137] as const, ["TERM", 143] as const]) {
        const result = await machine.exec(`kill -${signal} $$; sleep 5`);
        assert.equal(result.exitCode, exitCode);
        assert.ok(result.signal === undefined || result.signal === `SIG${signal}`);
      }
    },
  ],
  [
    "runs a line with bash",
    async ({ machine }) => {
      const result = await machine.exec("[[ ab == a* ]] && echo {1..3} $((2 ** 3)) | cat");
      assert.equal(result.stdout, "1 2 3 8\n");
    },
  ],
  [
    "hands on words as they are",
    async ({ machine }) => {
      const words = [...awkwardNames, "", "~", "=", "a=b", "if", "\t\r", "\u{10ffff}"];
      const { stdout } = await machine.exec(["printf", "<%s>", ...words]);
      assert.equal(stdout, words.map((word) => `<${word}>`).join(""));
    },
  ],
  [
    "hands on an argument of 100 kB",
    async ({ machine }) => {
      const word = "0123456789".repeat(10_000);
      assert.equal((await machine.exec(["printf", "%s", word])).stdout, word);
    },
  ],
  [
    "refuses a NUL in a word",
    async ({ machine }) => rejectsWith("unsafe-word", machine.exec(["echo", "a\0b"])),
  ],
  [
    "refuses a command without words",
    async ({ machine }) => rejectsWith("unsafe-word", machine.exec([])),
  ],
  [
    "neither adds nor takes line ends",
    async ({ machine }) => {
      assert.equal((await machine.exec(["printf", "no end"])).stdout, "no end");
      assert.equal((await machine.exec(["printf", "\n\nends\n\n"])).stdout, "\n\nends\n\n");
    },
  ],
  [
    "keeps characters whole that arrive in parts",
    async ({ machine }) => {
      const text = `x${"é名🦊".repeat(100_000)}`;
      const { stdout } = await machine.exec(["cat"], { input: text });
      assert.ok(stdout === text, "the text changed on its way");
    },
  ],
  [
    "survives output that is not UTF-8",
    async ({ machine }) => {
      const result = await machine.exec(["printf", "a\\377\\000b"]);
      assert.ok(result.ok && result.stdout.startsWith("a") && result.stdout.endsWith("b"));
    },
  ],
  [
    "gives 5 MB of output whole",
    async ({ machine }) => {
      const { stdout } = await machine.exec("head -c 5000000 /dev/zero | tr '\\0' x");
      assert.equal(stdout.length, 5_000_000);
    },
  ],
  [
    "drops output beyond the limit and says so",
    async ({ machine }) => {
      const result = await machine.exec("head -c 300000 /dev/zero | tr '\\0' x", {
        maxOutputBytes: 1_000,
      });
      assert.equal(result.exitCode, 0);
      assert.equal(result.stdout, "x".repeat(1_000));
      assert.equal(result.truncated, true);
      assert.match(result.stderr, /1000 bytes/);
    },
  ],
  [
    "writes text to standard input and closes it",
    async ({ machine }) => {
      assert.equal((await machine.exec(["cat"], { input: "one\ntwo" })).stdout, "one\ntwo");
    },
  ],
  [
    "writes every byte to standard input",
    async ({ machine }) => {
      const { stdout } = await machine.exec("od -An -v -tx1 | tr -d ' \\n'", {
        input: everyByte(),
      });
      assert.equal(stdout, everyByte().toString("hex"));
    },
  ],
  [
    "writes 5 MB to standard input",
    async ({ machine }) => {
      const input = everyByte(20_000);
      const { stdout } = await machine.exec(hashScript, { input });
      assert.equal(stdout.trim(), createHash("sha256").update(input).digest("hex"));
    },
  ],
  [
    "has an empty standard input when none is given",
    async ({ machine }) => {
      const result = await machine.exec(["cat"], { timeoutMs: 60_000 });
      assert.deepEqual([result.exitCode, result.stdout], [0, ""]);
    },
  ],
  [
    "does not mind a command that leaves its input unread",
    async ({ machine }) => {
      assert.equal((await machine.exec(["true"], { input: everyByte(20_000) })).exitCode, 0);
    },
  ],
  [
    "adds to the environment of one command only",
    async ({ machine }) => {
      const env = { RAMURE_PROBE: "it's\n$HOME 名" };
      const print = ["printenv", "RAMURE_PROBE"];
      assert.equal((await machine.exec(print, { env })).stdout, `${env.RAMURE_PROBE}\n`);
      assert.equal((await machine.exec(print)).exitCode, 1);
    },
  ],
  [
    "runs in the work directory, or where it is told",
    async ({ machine }) => {
      await machine.writeFile("inner folder/here", "");
      const list = ["ls"];
      assert.match((await machine.exec(list)).stdout, /^inner folder$/m);
      assert.equal((await machine.exec(list, { cwd: "inner folder" })).stdout, "here\n");
      const absolute = `${machine.workDir}/inner folder`;
      assert.equal((await machine.exec(list, { cwd: absolute })).stdout, "here\n");
    },
  ],
  [
    "rejects when the directory to run in is not there",
    async ({ machine }) => rejectsWith("machine-file", machine.exec(["pwd"], { cwd: "nowhere" })),
  ],
  [
    "lets a command end that has time",
    async ({ machine }) => {
      const result = await machine.exec("sleep 0.1; echo done", { timeoutMs: 60_000 });
      assert.deepEqual([result.exitCode, result.timedOut, result.stdout], [0, false, "done\n"]);
    },
  ],
  ...["sleep SECONDS | cat", "sleep SECONDS; true", "(sleep SECONDS &) ; sleep SECONDS"].map(
    (line): readonly [string, Trial] => [
      `ends all of \`${line.replaceAll("SECONDS", "6")}\` at its time limit`,
      async ({ machine, abilities }) => {
        const seconds = uniqueSeconds();
        const command = `echo begun; ${line.replaceAll("SECONDS", seconds)}`;
        const { value, ms } = await timed(() => machine.exec(command, { timeoutMs: 1_000 }));
        assert.deepEqual([value.exitCode, value.timedOut, value.ok], [124, true, false]);
        assert.equal(value.stdout, "begun\n");
        assert.match(value.stderr, /Timed out after 1 s/);
        assert.ok(ms >= 900 && ms < 1_000 + (abilities.slackMs ?? 4_000), `took ${ms} ms`);
        await expectNoneLeft(machine, seconds);
      },
    ],
  ),
  [
    "ends what ignores SIGTERM at its time limit",
    async ({ machine }) => {
      const seconds = uniqueSeconds();
      const result = await machine.exec(`trap '' TERM; sleep ${seconds}; sleep ${seconds}`, {
        timeoutMs: 300,
      });
      assert.equal(result.exitCode, 124);
      await expectNoneLeft(machine, seconds);
    },
  ],
  [
    "rejects with the signal's reason when aborted, and leaves nothing",
    async ({ machine }) => {
      const seconds = uniqueSeconds();
      const controller = new AbortController();
      const running = machine.exec(`sleep ${seconds} | cat`, { signal: controller.signal });
      const reason = new Error("no longer wanted");
      controller.abort(reason);
      await assert.rejects(running, (error) => error === reason);
      await expectNoneLeft(machine, seconds);
    },
  ],
  [
    "runs nothing when it was aborted before",
    async ({ machine }) => {
      const reason = new Error("never wanted");
      const running = machine.exec("touch was-run", { signal: AbortSignal.abort(reason) });
      await assert.rejects(running, (error) => error === reason);
      assert.notEqual((await machine.exec(["test", "-e", "was-run"])).exitCode, 0);
    },
  ],
  [
    "does not wait for what a command leaves in the background",
    async ({ machine }) => {
      // Longer than the limit, so that it shows who waits for it.
      const command = `sleep 1${uniqueSeconds()} & echo started`;
      const value = await machine.exec(command, { timeoutMs: 60_000 });
      assert.deepEqual([value.exitCode, value.stdout], [0, "started\n"]);
    },
  ],
  [
    "runs 50 commands at once",
    async ({ machine }) => {
      const numbers = Array.from({ length: 50 }, (_, number) => number);
      const results = await Promise.all(
        numbers.map((number) => machine.exec(`cat; exit ${number}`, { input: `input ${number}` })),
      );
      assert.deepEqual(
        results.map(({ exitCode, stdout }) => [exitCode, stdout]),
        numbers.map((number) => [number, `input ${number}`]),
      );
    },
  ],
  [
    "runs as another user, where there is one",
    async ({ machine, abilities: { otherUser } }) => {
      if (otherUser === undefined) return;
      assert.equal(
        (await machine.exec(["id", "-un"], { user: otherUser })).stdout.trim(),
        otherUser,
      );
    },
  ],
];
