import { rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { root } from "../source-files.ts";
import { buildBundles } from "./bundles.ts";

/* `npm run build`: dist/ is what npm publishes: modules, declarations, and the two bundles. */

await rm(join(root, "dist"), { recursive: true, force: true });
await execa("tsc", ["-p", "tsconfig.build.json"], {
  cwd: root,
  preferLocal: true,
  stdio: "inherit",
});
await buildBundles();
