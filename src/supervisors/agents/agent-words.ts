/**
 * The words by which the agents of one run know each other.
 *
 * A word is the shortest end of an agent's path that is no end of the path of an agent that got its
 * word before: `worker`, then `t0002/worker`. A word never changes its meaning. A later agent in the
 * same place, of a process that was restarted say, is another agent and gets `worker#2`.
 */
export class AgentWords {
  /** Every end of the path of every agent that has a word, and every numbered word. */
  readonly #taken = new Set<string>();
  /** The first word of each path. */
  readonly #first = new Map<string, string>();

  /** Choose the word of an agent that has none yet. */
  next(path: string): string {
    const ends = endsOf(path);
    const free = ends.find((end) => !this.#taken.has(end));
    const word = free ?? this.#numbered(this.#first.get(path) ?? ends.at(-1) ?? path);
    for (const taken of [...ends, word]) this.#taken.add(taken);
    if (!this.#first.has(path)) this.#first.set(path, word);
    return word;
  }

  #numbered(word: string): string {
    let number = 2;
    while (this.#taken.has(`${word}#${number}`)) number += 1;
    return `${word}#${number}`;
  }
}

/** The ends of a path, shortest first: `worker`, `t0002/worker`, `main/t0002/worker`. */
function endsOf(path: string): readonly string[] {
  const names = path.split("/").filter((name) => name !== "");
  return names.map((_, index) => names.slice(names.length - 1 - index).join("/"));
}
