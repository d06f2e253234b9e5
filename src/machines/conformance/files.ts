import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { awkwardNames, everyByte, hashScript, rejectsWith, type Trial, timed } from "./kit.ts";

/** The cases about files that every machine must hold. */
export const fileTrials: readonly (readonly [string, Trial])[] = [
  [
    "reads back what it wrote",
    async ({ machine }) => {
      for (const content of ["text\nétoile 🦊", ""]) {
        await machine.writeFile("file", content);
        assert.equal(Buffer.from(await machine.readFile("file")).toString(), content);
      }
      await machine.writeFile("bytes", everyByte());
      assert.deepEqual(Buffer.from(await machine.readFile("bytes")), everyByte());
    },
  ],
  [
    "carries 20 MB in and out unchanged",
    async ({ machine }) => {
      const content = everyByte(80_000);
      const hash = createHash("sha256").update(content).digest("hex");
      await machine.writeFile("large", content);
      const there = await machine.exec(["sh", "-c", hashScript, "sh", "large"]);
      assert.equal(there.stdout.trim(), hash);
      const back = await machine.readFile("large");
      assert.equal(createHash("sha256").update(back).digest("hex"), hash);
    },
  ],
  [
    "takes any name that a file can have",
    async ({ machine }) => {
      for (const name of awkwardNames) {
        const path = `names/${name}`;
        await machine.writeFile(path, name);
        assert.equal(Buffer.from(await machine.readFile(path)).toString(), name);
        assert.equal((await machine.exec(["cat", "--", path])).stdout, name);
      }
      const { stdout } = await machine.exec("printf '%s\\n' names/* | wc -l");
      const lines = awkwardNames.join("\n").split("\n").length;
      assert.equal(Number(stdout), lines);
    },
  ],
  [
    "takes awkward names in the work directory itself",
    async ({ machine }) => {
      for (const name of ["-rf", "it's", "a b"]) {
        await machine.writeFile(name, name);
        assert.equal(Buffer.from(await machine.readFile(name)).toString(), name);
      }
    },
  ],
  [
    "makes missing folders, and takes absolute paths",
    async ({ machine }) => {
      const path = `${machine.workDir}/a/b c/d`;
      await machine.writeFile(path, "deep");
      assert.equal(Buffer.from(await machine.readFile("a/b c/d")).toString(), "deep");
    },
  ],
  [
    "replaces a file whole: nobody reads a part, and no draft is left",
    async ({ machine }) => {
      const [short, long] = ["s".repeat(10), "l".repeat(400_000)];
      await machine.writeFile("watched/file", short);
      const watching = machine.exec(
        "until [ -e stop ]; do wc -c < watched/file; done | sort -u | tr -d ' '",
      );
      watching.catch(() => {}); // It is looked at below, if the writes go well.
      for (let round = 0; round < 20; round += 1) {
        await machine.writeFile("watched/file", round % 2 === 0 ? long : short);
      }
      await machine.writeFile("stop", "");
      const sizes = (await watching).stdout.trim().split("\n");
      for (const size of sizes) assert.ok(["10", "400000"].includes(size), `read ${size} bytes`);
      assert.equal((await machine.exec(["ls", "-A", "watched"])).stdout, "file\n");
    },
  ],
  [
    "gives a file the mode it is told, from its start",
    async ({ machine }) => {
      await machine.writeFile("secret", "x", { mode: 0o600 });
      await machine.writeFile("tool", "#!/bin/sh\necho ran\n", { mode: 0o755 });
      const { stdout } = await machine.exec("ls -l secret tool | cut -c1-10");
      assert.equal(stdout, "-rw-------\n-rwxr-xr-x\n");
      assert.equal((await machine.exec(["./tool"])).stdout, "ran\n");
    },
  ],
  [
    "keeps the mode of a file that it replaces",
    async ({ machine }) => {
      await machine.writeFile("tool", "#!/bin/sh\necho old\n", { mode: 0o700 });
      await machine.writeFile("tool", "#!/bin/sh\necho new\n");
      assert.equal((await machine.exec(["./tool"])).stdout, "new\n");
    },
  ],
  [
    "writes through a symbolic link",
    async ({ machine }) => {
      await machine.writeFile("target", "old");
      await machine.exec(["ln", "-s", "target", "link"]);
      await machine.writeFile("link", "new");
      assert.equal((await machine.exec("cat target; test -L link")).stdout, "new");
    },
  ],
  [
    "rejects what is not there, is a directory, or lies under a file",
    async ({ machine }) => {
      await machine.writeFile("folder/file", "");
      await rejectsWith("machine-file", machine.readFile("absent"));
      await rejectsWith("machine-file", machine.readFile("folder"));
      await rejectsWith("machine-file", machine.writeFile("folder", "x"));
      await rejectsWith("machine-file", machine.writeFile("folder/file/under", "x"));
      assert.equal((await machine.exec(["ls", "-A", "folder"])).stdout, "file\n");
    },
  ],
  [
    "refuses to read a FIFO at once, whether or not somebody writes to it",
    async ({ machine, abilities }) => {
      await machine.exec(["mkfifo", "pipe"]);
      const { ms } = await timed(() => rejectsWith("machine-file", machine.readFile("pipe")));
      assert.ok(ms < 6_000 + (abilities.slackMs ?? 4_000), `took ${ms} ms`);
    },
  ],
  [
    "reads no more than it is allowed to",
    async ({ machine }) => {
      await machine.writeFile("ten", "0123456789");
      const read = await machine.readFile("ten", { maxBytes: 10 });
      assert.equal(Buffer.from(read).toString(), "0123456789");
      await rejectsWith("machine-file", machine.readFile("ten", { maxBytes: 9 }));
    },
  ],
  [
    "follows no link out of the folder that a file must lie in",
    async ({ machine }) => {
      await machine.writeFile("outside/file", "outside");
      await machine.writeFile("inside/real", "inside");
      await machine.exec(
        "cd inside && ln -s ../outside away && ln -s real link && ln -s ../outside/new new",
      );
      const within = "inside";
      const read = await machine.readFile("inside/real", { within });
      assert.equal(Buffer.from(read).toString(), "inside");
      for (const path of [
        "inside/away/file",
        "inside/link",
        "outside/file",
        "inside/../outside/file",
      ]) {
        await rejectsWith("machine-file", machine.readFile(path, { within }));
      }
      await machine.writeFile("inside/deep/er/file", "deep", { within });
      await machine.writeFile("inside/new", "new", { within });
      assert.equal((await machine.exec("cat inside/deep/er/file inside/new")).stdout, "deepnew");
      for (const path of ["inside/away/made", "inside/away/sub/made", "outside/made", "inside"]) {
        await rejectsWith("machine-file", machine.writeFile(path, "x", { within }));
      }
      assert.equal((await machine.exec(["ls", "-A", "outside"])).stdout, "file\n");
    },
  ],
  [
    "refuses a NUL in a path",
    async ({ machine }) => {
      await rejectsWith("unsafe-word", machine.readFile("a\0b"));
      await rejectsWith("unsafe-word", machine.writeFile("a\0b", ""));
    },
  ],
  [
    "writes many files at once",
    async ({ machine }) => {
      const names = Array.from({ length: 50 }, (_, number) => `many/${number}`);
      await Promise.all(names.map((name) => machine.writeFile(name, name)));
      const read = await Promise.all(names.map((name) => machine.readFile(name)));
      assert.deepEqual(
        read.map((bytes) => Buffer.from(bytes).toString()),
        names,
      );
    },
  ],
];
