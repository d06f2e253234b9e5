import { checkName } from "../../names.ts";
import { AlreadyStartedError } from "./errors.ts";

/** A holder of names. */
export interface NameHolder {
  readonly pid: number;
  /** The names that it holds; undefined before it takes the first. */
  names: Set<string> | undefined;
}

/** Names beside the paths. Each has one living holder. */
export class Names<Holder extends NameHolder> {
  readonly #holders = new Map<string, Holder>();

  /** Take the name, or throw AlreadyStartedError with the holder's pid. */
  register(name: string, holder: Holder): void {
    checkName("an actor", name);
    const taken = this.#holders.get(name);
    if (taken !== undefined) throw new AlreadyStartedError(name, taken.pid);
    this.#holders.set(name, holder);
    holder.names ??= new Set();
    holder.names.add(name);
  }

  /** Free the name. Returns false and changes nothing when `holder` does not hold it. */
  unregister(name: string, holder: Holder): boolean {
    if (this.#holders.get(name) !== holder) return false;
    this.#holders.delete(name);
    holder.names?.delete(name);
    return true;
  }

  releaseAll(holder: Holder): void {
    if (holder.names === undefined) return;
    for (const name of holder.names) this.#holders.delete(name);
    holder.names = undefined;
  }

  holder(name: string): Holder | undefined {
    return this.#holders.get(name);
  }

  list(): readonly string[] {
    return [...this.#holders.keys()];
  }
}
