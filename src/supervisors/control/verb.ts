import type * as v from "valibot";
import type { Clock } from "../../actors/clock.ts";
import { read } from "../../actors/data/index.ts";
import { asControlError } from "./error.ts";
import type { ServedRun } from "./served-run.ts";
import type { StatusPages } from "./status-pages.ts";

/*
 * A verb is one thing that a client may ask of a run. Its file holds both sides: the schemas say
 * what goes over the socket in each direction, `serve` is what the run does. What a side writes is a
 * schema's input, which is JSON; what the other side reads is its output.
 */

/** The things that a verb has at hand while it serves one request. */
export interface VerbContext {
  readonly run: ServedRun;
  readonly clock: Clock;
  /** The pages of this connection's last status. */
  readonly pages: StatusPages;
  /** Aborts when the client is gone, has cancelled, or the server closes. */
  readonly signal: AbortSignal;
  /** Enter into the journal that the request acts on what is at `path`, and who made it. */
  acts(path: string, what?: Readonly<Record<string, unknown>>): void;
  /** Send one item of a stream; resolves when the client has room for more. */
  item(method: string, item: unknown): Promise<void>;
}

/** The side of a verb that a server needs. */
export interface ServedVerb {
  readonly method: string;
  /** Read what one request asks, do it, and give what is answered. Rejects with whatever was thrown. */
  perform(params: unknown, context: VerbContext): Promise<unknown>;
}

/** A verb with one answer. */
export interface Verb<Params, Result> extends ServedVerb {
  /** Make the request that a client writes. */
  ask(params: Params): { readonly method: string; readonly params: Params };
  /** Read the answer, as a client. Throws ControlError. */
  answer(value: unknown): Result;
}

/** A verb that answers with items, one by one, until there are no more. */
export interface StreamVerb<Params, Item> extends ServedVerb {
  ask(params: Params): { readonly method: string; readonly params: Params };
  /** Read one item, as a client. Throws ControlError. */
  item(value: unknown): Item;
}

type Schema = v.GenericSchema;

/** JSON that nobody changes. */
type Fixed<Value> = Value extends readonly (infer Item)[]
  ? readonly Fixed<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: Fixed<Value[Key]> }
    : Value;

type Written<Of extends Schema> = Fixed<v.InferInput<Of>>;
type Taken<Of extends Schema> = v.InferOutput<Of>;

/** Define a verb with one answer. */
export function verb<Params extends Schema, Result extends Schema>(
  method: string,
  parts: {
    readonly params: Params;
    readonly result: Result;
    serve(params: Taken<Params>, context: VerbContext): Promise<Written<Result>>;
  },
): Verb<Written<Params>, Taken<Result>> {
  return {
    method,
    ask: (params) => ({ method, params }),
    answer: (value) => received(parts.result, value, method),
    perform: async (params, context) =>
      await parts.serve(read(parts.params, params, method), context),
  };
}

/** Define a verb that answers with items; `item.method` is the name of their notifications. */
export function streamVerb<Params extends Schema, Item extends Schema>(
  method: string,
  parts: {
    readonly params: Params;
    readonly item: { readonly method: string; readonly schema: Item };
    serve(params: Taken<Params>, context: VerbContext): AsyncIterable<Written<Item>>;
  },
): StreamVerb<Written<Params>, Taken<Item>> {
  const { params: schema, item } = parts;
  return {
    method,
    ask: (params) => ({ method, params }),
    item: (value) => received(item.schema, value, method),
    perform: async (params, context) => {
      const items = parts.serve(read(schema, params, method), context);
      for await (const each of items) await context.item(item.method, each);
    },
  };
}

function received<Of extends Schema>(schema: Of, value: unknown, method: string): Taken<Of> {
  try {
    return read(schema, value, method);
  } catch (error) {
    throw asControlError(error);
  }
}
