import { strict as assert } from "node:assert";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { idsOf } from "../../ids.ts";
import type { Image } from "../machine.ts";
import { type Bench, everyByte, rejectsWith, spawnFrom, type Trial, timed } from "./kit.ts";

const newId = idsOf(10);

/** Each is a machine of its own to start, so they are few. */
const awkwardFolders: readonly string[] = [
  'it\'s a "quoted" one',
  "line\nbreak",
  "-leading-dash",
  "#(touch probe)",
  "$HOME `id` $(id) 名前",
];

/** The cases about awkward work directories, a full disk, and the machine's own sudden end. */
export const troubleTrials: readonly (readonly [string, Trial])[] = [
  ...awkwardFolders.map((name): readonly [string, Trial] => [
    `works in a directory called ${JSON.stringify(name)}`,
    (bench) => inFolder(bench, async (at, folder) => worksIn(at(join(folder, name)))),
  ]),
  [
    "says at once that a work directory cannot be made",
    async ({ abilities: { at, slackMs = 4_000 } }) => {
      if (at === undefined) return;
      for (const path of ["/proc/nope", "/dev/null/under"]) {
        const { ms } = await timed(() => rejectsWith("machine-file", spawnFrom(at(path))));
        assert.ok(ms < 1_000 + slackMs, `took ${ms} ms`);
      }
    },
  ],
  [
    "says that the disk is full, and leaves neither a part nor a draft",
    async ({ machine, abilities: { smallDisk } }) => {
      if (smallDisk === undefined) return;
      const folder = join(smallDisk, newId());
      await machine.writeFile(join(folder, "file"), "old");
      const large = everyByte(40_000);
      await assert.rejects(machine.writeFile(join(folder, "file"), large), {
        code: "machine-file",
        reason: "ENOSPC",
      });
      const { stdout } = await machine.exec('cat "$F/file"; ls -A "$F"', { env: { F: folder } });
      assert.equal(stdout, "oldfile\n");
      await machine.exec(["rm", "-r", "--", folder]);
    },
  ],
  [
    "tells its own sudden end from the end of a command",
    async ({ machine, abilities: { vanish } }) => {
      if (vanish === undefined) return;
      const running = machine.exec("echo begun > begun; sleep 30");
      const lost = rejectsWith("machine-unreachable", running);
      const begun = "until [ -e begun ]; do sleep 0.05; done";
      await machine.exec(begun, { timeoutMs: 60_000 });
      await vanish(machine);
      await lost;
      await rejectsWith("machine-unreachable", machine.exec(["true"]));
      await rejectsWith("machine-unreachable", machine.readFile("begun"));
      await machine.stop();
      await rejectsWith("machine-stopped", machine.exec(["true"]));
    },
  ],
];

async function inFolder(
  { machine, abilities: { at } }: Bench,
  use: (at: (workDir: string) => Image, folder: string) => Promise<void>,
): Promise<void> {
  if (at === undefined) return;
  const folder = `/tmp/ramure-conformance-${newId()}`;
  try {
    await use(at, folder);
  } finally {
    await machine.exec(["rm", "-rf", "--", folder]);
    await rm(folder, { recursive: true, force: true }); // Where the machine shows a folder of this host.
  }
}

async function worksIn(image: Image): Promise<void> {
  await using machine = await spawnFrom(image);
  await machine.writeFile("file", "here");
  const { stdout } = await machine.exec('cat file; printf %s "$PWD"');
  assert.equal(stdout, `here${machine.workDir}`);
  if (!machine.duplex) return;
  const duplex = await machine.duplex(["cat", "file"]);
  duplex.input.end();
  let streamed = "";
  for await (const chunk of duplex.output) streamed += String(chunk);
  assert.equal(streamed, "here");
}
