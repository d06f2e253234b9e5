import { checkOptions, type OptionKinds } from "../../options.ts";
import type {
  Api,
  ContractShape,
  EndpointCallOptions,
  OpenShape,
  ProcessEvents,
} from "../endpoints/index.ts";
import type { Agent } from "./agent.ts";
import { type AttachOptions, attachEndpoints } from "./exposing.ts";
import type { ProcessState } from "./lifecycle.ts";
import { eventsOf } from "./process-events.ts";
import type { ProcessRecord } from "./process-record.ts";
import { orStopped } from "./scope.ts";

/** A process that was started. Never thenable, so that an async function can return it. */
export interface ProcessHandle<Result = unknown, Shape extends ContractShape = OpenShape>
  extends AsyncDisposable {
  readonly path: string;
  readonly state: ProcessState;
  /** The events that it emitted and those that bubbled up to it. Every loop starts at the first event; `break` detaches. */
  readonly events: ProcessEvents<Shape>;
  /** The agents of the current epoch by name. */
  readonly agents: ReadonlyMap<string, Agent>;
  /** The declared endpoints as functions; they wait until the endpoint is exposed, 120 s at most. */
  readonly api: Api<Shape>;
  /** Call an endpoint by name. Rejects with NoEndpointError at once when it is neither declared nor exposed. */
  call(name: string, args?: unknown, options?: EndpointCallOptions): Promise<unknown>;
  /** Give an agent of yours the endpoints as tools, until the process ends or the returned function is called. */
  attach(agent: Agent, options?: AttachOptions): Promise<() => void>;
  /** Resolve with the result of the epoch that is current at the call; reject with what it failed with. */
  result(): Promise<Result>;
  /**
   * Begin a new epoch in the same place, with the same arguments; one that runs is stopped first. A loop
   * over the events reads on, also when it does not wait for this.
   */
  restart(): Promise<void>;
  /** Stop it. Resolves when everything below it has ended, too. */
  cancel(reason?: string): Promise<void>;
}

const callKinds: OptionKinds<EndpointCallOptions> = { timeoutMs: "number", signal: "object" };

/** Find the record behind a handle. */
export function recordOf(handle: ProcessHandle<unknown, ContractShape>): ProcessRecord {
  if (handle instanceof RecordHandle) return handle.record();
  throw new TypeError("This is no process handle; pass what spawn() returned.");
}

/** The `ProcessHandle` of a record. */
export class RecordHandle implements ProcessHandle<unknown, OpenShape> {
  readonly #record: ProcessRecord;
  readonly api: Api<OpenShape>;
  readonly #events: ProcessEvents;

  constructor(record: ProcessRecord) {
    this.#record = record;
    this.api = apiOf(record);
    this.#events = eventsOf(record.log);
  }

  get events(): ProcessEvents {
    this.#record.isRead = true;
    return this.#events;
  }

  record(): ProcessRecord {
    return this.#record;
  }

  get path(): string {
    return this.#record.path;
  }

  get state(): ProcessState {
    return this.#record.state;
  }

  get agents(): ReadonlyMap<string, Agent> {
    return this.#record.agents;
  }

  call(name: string, args?: unknown, options: EndpointCallOptions = {}): Promise<unknown> {
    const { endpoints } = this.#record;
    checkOptions("call()", options, callKinds);
    return orStopped(
      isDeclared(this.#record, name)
        ? endpoints.callDeclared(name, args, options)
        : endpoints.call(name, args, options),
      `call(${JSON.stringify(name)}) of ${this.path}`,
    );
  }

  attach(agent: Agent, options: AttachOptions = {}): Promise<() => void> {
    return attachEndpoints(this.#record, agent, options);
  }

  result(): Promise<unknown> {
    this.#record.isRead = true;
    return orStopped(this.#record.result(), `the result of ${this.path}`);
  }

  restart(): Promise<void> {
    const restarted = this.#record.control?.restart() ?? Promise.resolve();
    restarted.catch(() => {}); // A caller that does not wait finds a failure in the events.
    return restarted;
  }

  async cancel(reason?: string): Promise<void> {
    this.#record.cancelReason ??= reason;
    await this.#record.control?.cancel();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cancel("its handle was disposed");
  }
}

function isDeclared(record: ProcessRecord, name: string): boolean {
  const declared = record.definition.options.contract?.shape.endpoints ?? {};
  return Object.hasOwn(declared, name);
}

function apiOf(record: ProcessRecord): Api<OpenShape> {
  const call = (name: string) => (args?: unknown) =>
    orStopped(record.endpoints.callDeclared(name, args, {}), `api.${name}() of ${record.path}`);
  const declared = Object.keys(record.definition.options.contract?.shape.endpoints ?? {});
  return Object.fromEntries(declared.map((name) => [name, call(name)]));
}
