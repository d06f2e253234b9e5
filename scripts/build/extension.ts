import { mkdir, readdir, rename, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
/** What the bundle is made of: all that the extension may import of ours. */
const sources = ["pi/extension", "wire"].map((room) => join(root, "src/actors/agent", room));

/** An ESM bundle has no `require`, and ws asks it for Node's own modules. */
const banner =
  'import { createRequire as __ramureRequire } from "node:module";const require = __ramureRequire(import.meta.url);';

/**
 * Bundle the pi extension with all it needs into `extension.mjs`, which pi loads as one file. Default
 * for `folder`: dist.
 *
 * Does nothing when the bundle is newer than its sources. Resolves with whether it was built.
 */
export async function buildExtension(folder = join(root, "dist")): Promise<boolean> {
  const bundle = join(folder, "extension.mjs");
  if ((await newestSource()) < (await changedAt(bundle))) return false;
  await mkdir(dirname(bundle), { recursive: true });
  const fresh = `${bundle}.${process.pid}`;
  await build({
    entryPoints: [join(root, "src/actors/agent/pi/extension/extension.ts")],
    outfile: fresh,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node20",
    legalComments: "none",
    external: ["bufferutil", "utf-8-validate"],
    banner: { js: banner },
    logLevel: "warning",
  });
  await rename(fresh, bundle);
  return true;
}

async function newestSource(): Promise<number> {
  const rooms = await Promise.all(
    sources.map(async (room) => (await readdir(room)).map((name) => join(room, name))),
  );
  const files = [...rooms.flat(), join(root, "package-lock.json")];
  return Math.max(...(await Promise.all(files.map(changedAt))));
}

async function changedAt(file: string): Promise<number> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const startedAt = performance.now();
  const built = await buildExtension();
  const tookMs = Math.round(performance.now() - startedAt);
  console.log(`dist/extension.mjs ${built ? `built in ${tookMs} ms` : "is up to date"}`);
}
