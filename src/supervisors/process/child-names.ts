import { MisuseError } from "../../errors.ts";
import { checkName } from "../../names.ts";

/** The names that are taken among the children of one process. */
export class ChildNames {
  readonly #path: string;
  readonly #taken = new Set<string>();
  /** The last number that each name got, so that the thousandth child need not try the numbers of all others. */
  readonly #numbers = new Map<string, number>();

  /** `path` is that of the process. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Take a name. One that was given and is taken throws MisuseError (`name-taken`); a defaulted one gets `-2`, `-3`, ….
   *
   * Throws MisuseError (`invalid-name`) for what paths, files and tmux cannot all carry.
   */
  take(name: string, given: boolean): string {
    checkName(`a child of ${this.#path}`, name);
    const isTaken = this.#taken.has(name);
    if (isTaken && given) throw nameTaken(`${this.#path}/${name}`);
    const free = isTaken ? this.#numbered(name) : name;
    this.#taken.add(free);
    return free;
  }

  /** Release a name: another child may have it. */
  release(name: string): void {
    this.#taken.delete(name);
  }

  #numbered(name: string): string {
    let n = (this.#numbers.get(name) ?? 1) + 1;
    while (this.#taken.has(`${name}-${n}`)) n += 1;
    this.#numbers.set(name, n);
    return `${name}-${n}`;
  }
}

/** Make the error for a name that a sibling has. */
export function nameTaken(path: string): MisuseError {
  return new MisuseError(
    "name-taken",
    `${path} exists already; give this one another name, a process with .with({ name: "…" }).`,
  );
}
