import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type InputSchema, validateInput } from "../../actors/agent/tools/index.ts";
import type { Clock } from "../../actors/clock.ts";
import { type Settle, waiting } from "../../actors/wait.ts";
import { EndpointError, EndpointTimeoutError, NoEndpointError } from "./errors.ts";

/** The call that an endpoint's handler answers, as the handler sees it. */
export interface EndpointCall {
  /** Aborts when the caller no longer waits, its time is up, or the process stops. */
  readonly signal: AbortSignal;
}

/** An endpoint that a process exposed. */
export interface Endpoint {
  readonly name: string;
  readonly description: string;
  readonly input: InputSchema<unknown> | undefined;
  readonly output: StandardSchemaV1 | undefined;
  /** Aborts when the process that exposed it stops. */
  readonly signal: AbortSignal;
  /** Runs the handler in the scope of its process. */
  readonly run: (args: unknown, call: EndpointCall) => unknown;
}

export interface EndpointCallOptions {
  /** The longest wait for the answer, in ms; 0: no limit. Default: 120_000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const defaultTimeoutMs = 120_000;

/** The endpoints of one process. Those of an epoch go with it. */
export class EndpointTable {
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #waiting = new Map<string, Set<Settle<Endpoint>>>();
  /** The reason why there will be none; undefined: the process lives, or will again. */
  #closed: string | undefined;

  constructor(
    readonly path: string,
    readonly clock: Clock,
  ) {}

  /** The newest under a name counts. */
  expose(endpoint: Endpoint): void {
    this.#endpoints.set(endpoint.name, endpoint);
    for (const { resolve } of [...(this.#waiting.get(endpoint.name) ?? [])]) resolve(endpoint);
  }

  get(name: string): Endpoint | undefined {
    return this.#endpoints.get(name);
  }

  list(): readonly Endpoint[] {
    return [...this.#endpoints.values()];
  }

  /** Refuse calls from now on, and those that wait. `how` says how the process ended. */
  close(how: string): void {
    this.#closed = how;
    for (const [name, waiters] of this.#waiting) {
      for (const { reject } of [...waiters]) reject(new EndpointError(this.path, name, how));
    }
  }

  /** Take calls again: the process begins another epoch. */
  open(): void {
    this.#closed = undefined;
  }

  withdrawAll(): void {
    this.#endpoints.clear();
  }

  /** Call one that is exposed now. Rejects with NoEndpointError at once when it is not. */
  async call(name: string, args: unknown, options: EndpointCallOptions): Promise<unknown> {
    const endpoint = this.#endpoints.get(name);
    if (endpoint === undefined && this.#closed !== undefined)
      throw new EndpointError(this.path, name, this.#closed);
    if (endpoint === undefined)
      throw new NoEndpointError(this.path, name, [...this.#endpoints.keys()]);
    return await this.#run(endpoint, args, options);
  }

  /** Call one that is declared: wait, within the call's limit, until it is exposed. */
  async callDeclared(name: string, args: unknown, options: EndpointCallOptions): Promise<unknown> {
    return await this.#run(
      this.#endpoints.get(name) ?? (await this.#exposed(name, options)),
      args,
      options,
    );
  }

  #exposed(
    name: string,
    { timeoutMs = defaultTimeoutMs, signal }: EndpointCallOptions,
  ): Promise<Endpoint> {
    if (this.#closed !== undefined)
      return Promise.reject(new EndpointError(this.path, name, this.#closed));
    const limits = {
      signal,
      clock: this.clock,
      timeoutMs,
      expired: () => new NoEndpointError(this.path, name, [...this.#endpoints.keys()]),
    };
    return waiting<Endpoint>(limits, (settle) => {
      const waiting = this.#waiting.get(name) ?? new Set();
      this.#waiting.set(name, waiting.add(settle));
      return () => waiting.delete(settle);
    });
  }

  async #run(
    endpoint: Endpoint,
    args: unknown,
    { timeoutMs = defaultTimeoutMs, signal }: EndpointCallOptions,
  ): Promise<unknown> {
    const input = await validateInput(endpoint.input, args, `${this.path}:${endpoint.name}`);
    const ended = new AbortController();
    const signals = signal === undefined ? [endpoint.signal] : [endpoint.signal, signal];
    const limits = {
      signal: AbortSignal.any(signals),
      clock: this.clock,
      timeoutMs,
      expired: (ms: number) => new EndpointTimeoutError(this.path, endpoint.name, ms),
    };
    try {
      const value = await waiting<unknown>(limits, ({ resolve, reject }) => {
        settled(() => endpoint.run(input, { signal: ended.signal })).then(resolve, reject);
        return () => {};
      });
      return await checkOutput(this.path, endpoint, value);
    } finally {
      ended.abort(limits.signal.reason);
    }
  }
}

async function settled(run: () => unknown): Promise<unknown> {
  return await run();
}

async function checkOutput(path: string, endpoint: Endpoint, value: unknown): Promise<unknown> {
  if (endpoint.output === undefined) return value;
  const checked = await endpoint.output["~standard"].validate(value);
  if (checked.issues === undefined) return checked.value;
  const issues = checked.issues.map((issue) => issue.message).join("; ");
  throw new EndpointError(
    path,
    endpoint.name,
    `what it answered does not fit its output: ${issues}`,
  );
}
