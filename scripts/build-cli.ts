import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { isProgram, root } from "./source-files.ts";

/**
 * Bundle the CLI into one file that starts fast: what a command does not need is parsed, but not run.
 *
 * `outfile` is where it goes. Default: dist/cli/main.js, over what tsc wrote there.
 */
export async function buildCli(outfile = join(root, "dist/cli/main.js")): Promise<void> {
  await build({
    entryPoints: [join(root, "src/cli/main.ts")],
    outfile,
    bundle: true,
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
  await chmod(outfile, 0o755);
}

if (isProgram(import.meta.url)) await buildCli();
