import { customAlphabet } from "nanoid";

/** Give a maker of random ids of so many of 0-9 and a-z: fit for a path, a file's name and a tmux target. */
export function idsOf(length: number): () => string {
  const make = customAlphabet("0123456789abcdefghijklmnopqrstuvwxyz", length);
  return () => make();
}
