import { RamureError } from "../../errors.ts";

/** A value from outside does not have the shape that its reader asks for. */
export class FieldError extends RamureError {
  readonly code = "bad-field";
}

/** Reads the members of one object that came from outside. Every reader throws FieldError. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #where: string;

  constructor(value: unknown, where: string) {
    if (!isRecord(value)) throw bad(where, "is not an object");
    this.#values = value;
    this.#where = where;
  }

  value(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.#missing(name, "a string");
  }

  optionalText(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === "string") return value;
    return this.#missing(name, "a string");
  }

  number(name: string): number {
    return this.optionalNumber(name) ?? this.#missing(name, "a number");
  }

  optionalNumber(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined || (typeof value === "number" && Number.isFinite(value))) return value;
    return this.#missing(name, "a number");
  }

  flag(name: string): boolean {
    const value = this.value(name) ?? false;
    return typeof value === "boolean" ? value : this.#missing(name, "a boolean");
  }

  texts(name: string): readonly string[] {
    return this.optionalTexts(name) ?? this.#missing(name, "a list of strings");
  }

  optionalTexts(name: string): readonly string[] | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) return this.#missing(name, "a list of strings");
    return value.map((item) =>
      typeof item === "string" ? item : this.#missing(name, "a list of strings"),
    );
  }

  list<Item>(name: string, read: (fields: Fields) => Item): readonly Item[] {
    const value = this.value(name) ?? [];
    if (!Array.isArray(value)) return this.#missing(name, "a list");
    return value.map((item, index) => read(new Fields(item, `${this.#where}.${name}[${index}]`)));
  }

  object(name: string): Fields {
    return new Fields(this.value(name), `${this.#where}.${name}`);
  }

  record(name: string): Readonly<Record<string, unknown>> | undefined {
    const value = this.value(name);
    if (value === undefined || isRecord(value)) return value;
    return this.#missing(name, "an object");
  }

  #missing(name: string, wanted: string): never {
    throw bad(`${this.#where}.${name}`, `is not ${wanted}`);
  }
}

/** Tell whether a value is an object with members, and no list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function bad(where: string, why: string): FieldError {
  return new FieldError(`${where} ${why}.`);
}
