import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { BundleMissingError } from "../../../errors.ts";

/** `src/actors/agent` and `dist/actors/agent` are equally deep, so this is right from both. */
const bundle = fileURLToPath(new URL("../../../../dist/extension.mjs", import.meta.url));

/** Find the built extension on this host. Rejects with BundleMissingError. */
export async function extensionBundle(): Promise<string> {
  try {
    await access(bundle);
  } catch {
    throw new BundleMissingError(bundle);
  }
  return bundle;
}
