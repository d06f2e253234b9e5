import * as v from "valibot";
import { decodeValue, encodeValue, type WireValue } from "../../actors/data/index.ts";
import { ControlError } from "./error.ts";

/** Any value, also one that JSON cannot hold; written as `encodeValue` makes it. */
export const carried = v.optional(
  v.pipe(
    v.object({ json: v.optional(v.unknown()), meta: v.optional(v.unknown()) }),
    v.transform(decoded),
  ),
  {},
);

/** Encode a value for which nothing else may fail: one that cannot be written is named instead. */
export function encodedOrNamed(value: unknown): WireValue {
  try {
    return encodeValue(value);
  } catch (error) {
    return { json: `[${String(error)}]` };
  }
}

function decoded(wire: WireValue): unknown {
  try {
    return decodeValue(wire);
  } catch (error) {
    throw new ControlError("bad-request", String(error), {}, { cause: error });
  }
}
