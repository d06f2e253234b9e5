export { notData } from "./not-data.ts";
export { isolated } from "./plain-data.ts";
export { printable, printableLines } from "./printable.ts";
export { anyRecord, FieldError, finite, isRecord, parsedJson, read } from "./read.ts";
export { createRedaction, type Redaction } from "./redaction.ts";
export { decodeValue, encodeValue, type WireValue } from "./wire-values.ts";
