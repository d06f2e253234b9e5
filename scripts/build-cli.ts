import { chmod, rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { isProgram, root } from "./source-files.ts";

/**
 * Bundle the CLI, so that it starts fast: `main.js` holds what every command needs, and the files
 * beside it what only some do.
 *
 * Default for `outdir`: dist/cli, over what tsc wrote there.
 */
export async function buildCli(outdir = join(root, "dist/cli")): Promise<void> {
  await rm(outdir, { recursive: true, force: true });
  await build({
    entryPoints: [join(root, "src/cli/main.ts")],
    outdir,
    bundle: true,
    splitting: true,
    platform: "node",
    target: "node20.19",
    format: "esm",
    minify: true,
    legalComments: "none",
    // What is still CommonJS among the libraries asks for Node's own modules this way.
    banner: {
      js: 'import { createRequire as $require } from "node:module"; const require = $require(import.meta.url);',
    },
  });
  await chmod(join(outdir, "main.js"), 0o755);
}

if (isProgram(import.meta.url)) await buildCli();
