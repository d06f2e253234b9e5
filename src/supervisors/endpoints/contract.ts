import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { InputSchema } from "../../actors/agent/tools/index.ts";
import type { LogEvent, WaitOptions } from "../../actors/events/index.ts";
import type { ExitReason } from "../../actors/kernel/index.ts";

/** The schemas of one declared endpoint. */
export interface EndpointShape {
  /** One line for people and models. */
  readonly description?: string | undefined;
  /** Schema of the one argument object. Default: no arguments. */
  readonly input?: InputSchema<unknown> | undefined;
  /** Schema of what it answers. Default: anything. */
  readonly output?: StandardSchemaV1 | undefined;
}

/** The declarations of a process: its own events, its endpoints, the messages that it receives. */
export interface ContractShape {
  readonly events?: Readonly<Record<string, StandardSchemaV1>> | undefined;
  readonly endpoints?: Readonly<Record<string, EndpointShape>> | undefined;
  readonly messages?: StandardSchemaV1 | undefined;
}

/** The shape of a process without a contract: every event type and endpoint name is open. */
export interface OpenShape extends ContractShape {
  readonly open: true;
}

export interface Contract<Shape extends ContractShape> {
  readonly shape: Shape;
}

/**
 * Declare what a process emits, exposes and receives.
 *
 * Given as `contract` to `agentProcess`, it types the handle, `emit`, `expose` and `receive`, and
 * values are checked against it when they cross.
 *
 * @example
 * ```ts
 * import { agentProcess, contract, currentProcess, spawn } from "ramure";
 * import { z } from "zod";
 *
 * const counting = contract({
 *   events: { counted: z.object({ n: z.number() }) },
 *   endpoints: { double: { input: z.object({ n: z.number() }), output: z.number() } },
 *   messages: z.literal("stop"),
 * });
 * const counter = agentProcess({ name: "counter", contract: counting }, async () => {
 *   const self = currentProcess(counting);
 *   self.expose("double", ({ n }) => n * 2);
 *   self.emit("counted", { n: 1 });
 *   await self.receive();
 * });
 * const program = agentProcess(async function program() {
 *   await using handle = spawn(counter);
 *   return await handle.api.double({ n: 21 });
 * });
 *
 * console.log(await program()); // 42
 * ```
 */
export function contract<const Shape extends ContractShape>(shape: Shape): Contract<Shape> {
  return { shape };
}

/** The data of terminal events, the last of every epoch. */
export interface TerminalData {
  readonly done: { readonly result: unknown };
  readonly failed: FailedData;
  readonly cancelled: { readonly reason: string };
}

export interface FailedData {
  /** The kind of failure: `throw`, `fail`, `timeout`, `intensity`, `lost`, … */
  readonly class: string;
  readonly message: string;
  readonly code?: string | undefined;
  readonly retryable: boolean;
  readonly stack?: string | undefined;
}

type StreamEntry<Type extends string, Data> = Omit<LogEvent, "type" | "data" | "source"> & {
  readonly type: Type;
  readonly data: Data;
  readonly source?: undefined;
};

type TerminalEvent = {
  [K in keyof TerminalData]: StreamEntry<K, TerminalData[K]>;
}[keyof TerminalData];

/** The data of the events about children that a process keeps alive. */
export interface RestartData {
  readonly restarting: {
    readonly id: string;
    readonly attempt: number;
    readonly of: number;
    readonly delayMs: number;
    readonly reason: ExitReason;
  };
  readonly restarted: { readonly id: string; readonly epoch: number };
  readonly "gave-up": {
    readonly id: string;
    readonly cause: string;
    readonly reason: ExitReason;
    /** The limit that was passed, and the failures of each child that were counted; of `intensity`. */
    readonly limit?:
      | {
          readonly name: string;
          readonly allowed: number;
          readonly withinMs?: number | undefined;
          readonly failures: Readonly<Record<string, number>>;
        }
      | undefined;
  };
}

/** Nothing is left that could call `done`: the body waits, and every agent is idle. */
export interface QuiescentData {
  readonly agents: readonly string[];
}

type RestartEvent = { [K in keyof RestartData]: StreamEntry<K, RestartData[K]> }[keyof RestartData];

type OwnEvent<Events> =
  Events extends Readonly<Record<string, StandardSchemaV1>>
    ? {
        [K in keyof Events & string]: StreamEntry<K, StandardSchemaV1.InferOutput<Events[K]>>;
      }[keyof Events & string]
    : never;

type BubbledEvent = Omit<LogEvent, "source"> & { readonly source: string };

/** An event of a process: its own, one of its ends, or one that bubbled up from below (`source` set). */
export type Event<Shape extends ContractShape = OpenShape> = Shape extends OpenShape
  ? LogEvent
  :
      | OwnEvent<Shape["events"]>
      | RestartEvent
      | StreamEntry<"quiescent", QuiescentData>
      | TerminalEvent
      | BubbledEvent;

/**
 * The events of a process or an agent: a log to follow, not a moment to miss.
 *
 * Each loop starts at the first event, and ends after the terminal event unless the process was
 * restarted by then. It ends, too, when the process that reads is to stop; `waitFor` then rejects
 * with StoppedError. The newest events stay in memory (10,000 of a process, 256 of an agent); a loop
 * that is further behind reads from the run's journal, where secrets are redacted. Events that the
 * journal does not have (its oldest file was removed, the disk was full) are one `gap` event, whose
 * data says `from` which `seq` on and up `to` which they are missing.
 */
export interface ProcessEvents<Shape extends ContractShape = OpenShape>
  extends AsyncIterable<Event<Shape>> {
  /** Follow from this sequence number on. */
  from(seq: number): AsyncIterable<Event<Shape>>;
  /** Resolve with the first event of the type that fits, past ones included. Rejects on timeout, abort, or the log's end. */
  waitFor(type: string, options?: WaitOptions<Event<Shape>>): Promise<Event<Shape>>;
}

/** The event types that `emit` takes. */
export type EventType<Shape extends ContractShape> = Shape extends OpenShape
  ? string
  : keyof NonNullable<Shape["events"]> & string;

/** The data that goes with an event type. */
export type EventData<Shape extends ContractShape, Type extends string> = Shape extends OpenShape
  ? unknown
  : NonNullable<Shape["events"]> extends infer Events
    ? Type extends keyof Events
      ? Events[Type] extends StandardSchemaV1
        ? StandardSchemaV1.InferInput<Events[Type]>
        : never
      : never
    : never;

type InputOf<Shape extends EndpointShape> =
  Shape["input"] extends InputSchema<infer Input> ? readonly [args: Input] : readonly [];

type OutputOf<Shape extends EndpointShape> = Shape["output"] extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<Shape["output"]>
  : unknown;

type Declared<Shape extends ContractShape, Name extends string> =
  NonNullable<Shape["endpoints"]> extends infer Endpoints
    ? Name extends keyof Endpoints
      ? Endpoints[Name] extends EndpointShape
        ? Endpoints[Name]
        : never
      : never
    : never;

/** The names that `expose` takes. */
export type EndpointName<Shape extends ContractShape> = Shape extends OpenShape
  ? string
  : keyof NonNullable<Shape["endpoints"]> & string;

/** The arguments of an endpoint's handler. */
export type EndpointArgs<Shape extends ContractShape, Name extends string> = Shape extends OpenShape
  ? Readonly<Record<string, unknown>>
  : InputOf<Declared<Shape, Name>> extends readonly [infer Args]
    ? Args
    : Readonly<Record<string, never>>;

/** The answer of an endpoint's handler. */
export type EndpointAnswer<
  Shape extends ContractShape,
  Name extends string,
> = Shape extends OpenShape ? unknown : OutputOf<Declared<Shape, Name>>;

/** The declared endpoints of a process as functions. */
export type Api<Shape extends ContractShape = OpenShape> = Shape extends OpenShape
  ? Readonly<Record<string, (args?: unknown) => Promise<unknown>>>
  : {
      readonly [K in keyof NonNullable<Shape["endpoints"]>]: NonNullable<
        Shape["endpoints"]
      >[K] extends infer E extends EndpointShape
        ? (...args: InputOf<E>) => Promise<OutputOf<E>>
        : never;
    };

/** The type of the messages that `receive` gives. */
export type MessageOf<Shape extends ContractShape> = Shape["messages"] extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<Shape["messages"]>
  : unknown;
