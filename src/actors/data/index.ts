export { copyOf, isolated, notData } from "./plain-data.ts";
export { printable, printableJson, printableLines } from "./printable.ts";
export { anyRecord, FieldError, finite, parsedJson, read } from "./read.ts";
export { createRedaction, type Redaction } from "./redaction.ts";
export { find, isRecord, type Search } from "./walk.ts";
export { decodeValue, encodeValue, type WireValue } from "./wire-values.ts";
export { inWords } from "./words.ts";
