import { isProgram } from "../source-files.ts";
import { buildCli } from "./cli.ts";
import { buildExtension } from "./extension.ts";

/** Build what is started as one file of its own: the extension that goes to machines, and the CLI. */
export async function buildBundles(): Promise<void> {
  await Promise.all([buildExtension(), buildCli()]);
}

if (isProgram(import.meta.url)) await buildBundles();
