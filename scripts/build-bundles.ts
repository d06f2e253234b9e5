import { existsSync } from "node:fs";
import { isProgram } from "./source-files.ts";

/** Build what is started as one file of its own: the extension that goes to machines, and the CLI. */
export async function buildBundles(): Promise<void> {
  await build("./build-extension.ts", "buildExtension");
  await build("./build-cli.ts", "buildCli");
}

async function build(script: string, name: string): Promise<void> {
  const url = new URL(script, import.meta.url);
  if (!existsSync(url)) return;
  const module: Record<string, unknown> = await import(url.href);
  const run = module[name];
  if (typeof run !== "function") throw new Error(`${script} exports no ${name}()`);
  await run();
}

if (isProgram(import.meta.url)) await buildBundles();
