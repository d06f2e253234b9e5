import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { isProgram, root } from "../source-files.ts";
import { swapIn } from "./swap.ts";

/**
 * Bundle the CLI, so that it starts fast: `main.js` holds what every command needs, and the files
 * beside it what only some do; `quickstart.mjs` is the program of `ramure demo`.
 *
 * Default for `outdir`: dist/cli.
 */
export async function buildCli(outdir = join(root, "dist/cli")): Promise<void> {
  const fresh = `${outdir}.${process.pid}`;
  await buildQuickstart(fresh);
  await build({
    entryPoints: [join(root, "src/cli/main.ts")],
    outdir: fresh,
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
  await chmod(join(fresh, "main.js"), 0o755);
  await mkdir(outdir, { recursive: true });
  await swapIn(fresh, outdir);
}

/** Bundle the quick start with what it needs beside ramure itself. Its processes keep their names. */
async function buildQuickstart(outdir: string): Promise<void> {
  await build({
    entryPoints: [join(root, "examples/quickstart.ts")],
    outfile: join(outdir, "quickstart.mjs"),
    bundle: true,
    minify: true,
    keepNames: true,
    platform: "node",
    target: "node20.19",
    format: "esm",
    external: ["ramure", "ramure/*"],
    legalComments: "none",
    tsconfigRaw: {},
  });
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
