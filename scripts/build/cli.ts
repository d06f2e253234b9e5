import { chmod, rm } from "node:fs/promises";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { isProgram, root } from "../source-files.ts";

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
    plugins: [asciiHelp],
    // What is still CommonJS among the libraries asks for Node's own modules this way.
    banner: {
      js: 'import { createRequire as $require } from "node:module"; const require = $require(import.meta.url);',
    },
  });
  await chmod(join(outdir, "main.js"), 0o755);
}

/** yargs lays out nothing but our own help, which is ASCII; knowing of emoji would cost each start 50 ms. */
const asciiHelp: Plugin = {
  name: "ascii-help",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^string-width$/ }, ({ importer }) =>
      /[\\/](?:yargs|cliui|wrap-ansi)[\\/]/.test(importer)
        ? { path: "ascii-width", namespace: "ascii-help" }
        : undefined,
    );
    onLoad({ filter: /.*/, namespace: "ascii-help" }, () => ({
      contents: 'export default (text) => text.replace(/\\u001b\\[[0-9;]*m/g, "").length;',
    }));
  },
};

if (isProgram(import.meta.url)) await buildCli();
