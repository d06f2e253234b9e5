import { MachineUnreachableError } from "../errors.ts";
import { pause } from "../local/index.ts";

/** A call that the service refused, in its own words. */
export class MorphRefusal extends Error {
  constructor(
    readonly status: number,
    readonly said: string,
  ) {
    super(said);
  }
}

export interface MorphCall {
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** A snapshot or an instance, as the service describes it. */
export interface MorphThing {
  readonly id: string;
  readonly status: string;
}

/** A client of the REST service of MorphCloud. */
export class MorphService {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url.replace(/\/+$/, "");
    this.#key = key;
  }

  /** Call the service. Throws MorphRefusal, or MachineUnreachableError when it does not answer. */
  async call(method: string, path: string, call: MorphCall = {}): Promise<unknown> {
    const { signal } = call;
    const once = () => this.#send(method, path, call);
    try {
      // A connection that the service closed meanwhile says nothing of it: what may be asked twice, is.
      const again = method === "POST" ? once : () => once().catch(() => once());
      const { status, text } = await again();
      if (status < 300) return parsed(text);
      throw new MorphRefusal(status, textField(parsed(text), "detail") ?? text.slice(0, 500));
    } catch (error) {
      if (error instanceof MorphRefusal) throw error;
      if (signal?.aborted) throw signal.reason;
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new MachineUnreachableError(`morph at ${this.#url}`, why, { cause: error });
    }
  }

  async #send(
    method: string,
    path: string,
    { query, body, signal }: MorphCall,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const asked = new URLSearchParams(query).toString();
    const limit = AbortSignal.timeout(callMs);
    const answer = await fetch(`${this.#url}${path}${asked === "" ? "" : `?${asked}`}`, {
      method,
      headers: {
        Authorization: `Bearer ${this.#key}`,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    return { status: answer.status, text: await answer.text() };
  }

  /** Call the service; a refusal becomes the machine's trouble. */
  async ask(method: string, path: string, call: MorphCall = {}): Promise<unknown> {
    try {
      return await this.call(method, path, call);
    } catch (error) {
      if (!(error instanceof MorphRefusal)) throw error;
      throw refused(error, path);
    }
  }

  /** Make or find one thing. */
  async thing(method: string, path: string, call: MorphCall = {}): Promise<MorphThing> {
    return thingIn(await this.ask(method, path, call));
  }

  /** Wait until a snapshot or an instance is ready. */
  async ready(path: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const { status } = await this.thing("GET", path, { signal });
      if (status === "ready") return;
      if (status !== "pending" && status !== "saving") {
        throw new MachineUnreachableError(`morph${path}`, `it is ${status} and will not be ready`);
      }
      await pause(pollMs, signal);
      signal.throwIfAborted();
    }
  }

  /** Delete something; what is gone already is well. */
  async remove(path: string): Promise<void> {
    try {
      await this.call("DELETE", path);
    } catch (error) {
      if (!(error instanceof MorphRefusal && error.status === 404)) throw error;
    }
  }
}

const callMs = 60_000;
const pollMs = 1_000;

function refused({ status, said }: MorphRefusal, path: string): MachineUnreachableError {
  const next =
    status === 401 || status === 403
      ? "; check MORPH_API_KEY, or give `apiKey`"
      : status === 404
        ? "; check the id of the snapshot or of the recipe's image"
        : "";
  return new MachineUnreachableError(
    "morph",
    `the service refuses ${path} (${status}: ${said})${next}`,
  );
}

/** Read what an answer says of a thing; an answer without an id is none. */
export function thingIn(value: unknown): MorphThing {
  const id = textField(value, "id");
  if (id === undefined) {
    throw new MachineUnreachableError("morph", "the service gave an answer without an id");
  }
  return { id, status: textField(value, "status") ?? "unknown" };
}

/** Read the things of a list; undefined where there is no list. */
export function thingsIn(value: unknown, name: string): readonly MorphThing[] {
  const found = fieldOf(value, name);
  return Array.isArray(found) ? found.map((one) => thingIn(one)) : [];
}

/** Read a field of an answer. */
export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function textField(value: unknown, name: string): string | undefined {
  const found = fieldOf(value, name);
  return typeof found === "string" ? found : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
