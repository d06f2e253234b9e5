export { FieldError, Fields, isRecord } from "./fields.ts";
export { notData } from "./not-data.ts";
export { isolated } from "./plain-data.ts";
export { createRedaction, type Redaction } from "./redaction.ts";
export { decodeValue, encodeValue, type WireValue } from "./wire-values.ts";
