import { buildCli } from "./build-cli.ts";
import { buildExtension } from "./build-extension.ts";
import { isProgram } from "./source-files.ts";

/** Build what is started as one file of its own: the extension that goes to machines, and the CLI. */
export async function buildBundles(): Promise<void> {
  await Promise.all([buildExtension(), buildCli()]);
}

if (isProgram(import.meta.url)) await buildBundles();
