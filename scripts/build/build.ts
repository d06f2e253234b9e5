import { rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { root } from "../source-files.ts";
import { buildCli } from "./cli.ts";
import { buildExtension } from "./extension.ts";
import { swapIn } from "./swap.ts";

/*
 * `npm run build`: dist/ is what npm publishes: modules, declarations, and the bundles. It is built
 * aside and swapped in, because programs may run from the dist/ that is there.
 */

const fresh = join(root, `dist.${process.pid}`);
try {
  await execa("tsc", ["-p", "tsconfig.build.json", "--outDir", fresh], {
    cwd: root,
    preferLocal: true,
    stdio: "inherit",
  });
  await Promise.all([buildExtension(fresh), buildCli(join(fresh, "cli"))]);
  await swapIn(fresh, join(root, "dist"));
} finally {
  await rm(fresh, { recursive: true, force: true });
}
