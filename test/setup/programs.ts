import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { root } from "../../scripts/source-files.ts";

/*
 * The programs that tests start as processes of their own, bundled once for all suites: a start from
 * the sources takes 2 s of a core, one from the bundle 0.3 s.
 */

const folderName = "RAMURE_TEST_PROGRAMS";
const sources = ["test/fixtures", "examples"];

/** Vitest's global setup; what it returns runs when all suites have ended. */
export default async function setup(): Promise<() => Promise<void>> {
  const outdir = join(root, "dist/test/programs", String(process.pid));
  process.env[folderName] = outdir;
  const programs = sources.flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(root, folder, name)),
  );
  await bundlePrograms(programs, outdir);
  return () => rm(outdir, { recursive: true, force: true });
}

/**
 * Bundle programs into a folder; `a.ts` becomes `a.mjs` there.
 *
 * The folder lies four levels below the root, as deep as the sources that look for dist/extension.mjs.
 */
export async function bundlePrograms(programs: readonly string[], outdir: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: [...programs],
    outdir,
    entryNames: "[name]",
    bundle: true,
    splitting: true,
    // Processes are named after their functions.
    keepNames: true,
    packages: "external",
    format: "esm",
    platform: "node",
    target: "node20.19",
    outExtension: { ".js": ".mjs" },
    logLevel: "warning",
  });
}

/** Find the bundle of a program, named by its source: `test/fixtures/ends.ts`. */
export function programOf(source: string): string {
  const folder = process.env[folderName];
  if (folder === undefined) throw new Error(`${folderName} is not set; run the suites by vitest.`);
  return join(folder, basename(source).replace(/\.ts$/, ".mjs"));
}
