import { removeContainerRemains, removeImageRemains } from "../container/index.ts";
import { removeForkRemains, removeOwnDirectory } from "../local/index.ts";
import type { Remains } from "../machine.ts";
import { removeSshRemains } from "../ssh/index.ts";

type Remove = (remains: Remains, directories: readonly string[]) => Promise<void>;

const ways: Readonly<Record<string, Remove>> = {
  container: removeContainerRemains,
  "container-image": removeImageRemains,
  // Its processes end with the program that started it.
  sandbox: async () => {},
  fork: removeForkRemains,
  ssh: removeSshRemains,
};

/**
 * Remove what a killed program left of a machine; `directories` are those that it made there. What is
 * gone already is no error.
 *
 * Rejects when it may still be there: its engine or host cannot be reached, or its kind is unknown.
 */
export async function removeRemains(
  remains: Remains,
  directories: readonly string[],
): Promise<void> {
  const remove = ways[remains.kind];
  if (remove === undefined) throw new TypeError(`no way to remove a ${remains.kind}`);
  await remove(remains, directories);
  if (remains.folder !== undefined) await removeOwnDirectory(remains.folder);
}
