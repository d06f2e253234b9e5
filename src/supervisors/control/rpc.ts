import * as v from "valibot";
import { find, finite, isRecord, read, type Search } from "../../actors/data/index.ts";
import { ControlError, type ControlReason } from "./error.ts";
import { maxLineBytes } from "./lines.ts";

/*
 * What a run and its control clients say to each other: JSON-RPC 2.0, one message a line.
 * A stream is a request that stays open: its notifications carry the request's id, and its
 * response comes when the stream has ended. The notification `cancel` ends any open request.
 */

export type RpcId = number | string;

/** The maker of a request, as the client says itself. Nothing of it is checked. */
export interface Asker {
  readonly pid?: number | undefined;
  /** The process that started it, such as a shell. */
  readonly parent?: number | undefined;
  /** The terminal it was typed at. */
  readonly terminal?: string | undefined;
  /** The run whose mark (`RAMURE_RUN`) the client carries. */
  readonly run?: string | undefined;
  /** The launch of an agent whose mark (`RAMURE_LAUNCH`) the client carries. */
  readonly launch?: string | undefined;
  /** A person typed `--as-person`. */
  readonly asPerson?: boolean | undefined;
}

/** A request; `id` is missing on a notification, which has no answer. */
export interface RpcRequest {
  readonly id?: RpcId | undefined;
  readonly method: string;
  readonly params: unknown;
  readonly from?: Asker | undefined;
}

/** A message of a run to its client. */
export type RpcAnswer =
  /** The end of a request that went well. */
  | { readonly type: "result"; readonly id: RpcId; readonly result: unknown }
  /** The end of one that did not. `id` is null when the request could not be read far enough to have one. */
  | { readonly type: "error"; readonly id: RpcId | null; readonly error: ControlError }
  /** One item of a stream. */
  | { readonly type: "item"; readonly id: RpcId; readonly item: unknown };

/** JSON-RPC's own codes for a wrong request, the same for every verb. */
export const rpcCodes = { parse: -32_700, invalid: -32_600, method: -32_601 } as const;

const codes: Readonly<Record<ControlReason, number>> = {
  "bad-request": -32_602,
  failed: -32_000,
  "not-found": -32_001,
  ambiguous: -32_002,
  "wrong-state": -32_003,
  "timed-out": -32_004,
  busy: -32_005,
  "shutting-down": -32_006,
  unreachable: -32_007,
};

const maxDepth = 200;

/** The name of the notification that ends an open request. */
export const cancelMethod = "cancel";

/** A line is no request that could be answered as one; `rpcCode` says what is wrong with it. */
export class BadRequestError extends ControlError {
  constructor(
    readonly rpcCode: number,
    readonly id: RpcId | null,
    message: string,
  ) {
    super("bad-request", message);
  }
}

/** Read one line of a client. Throws BadRequestError. */
export function parseRequest(line: string): RpcRequest {
  const message = parseJson(line);
  if (!isRecord(message)) throw new BadRequestError(rpcCodes.invalid, null, "Not a JSON object.");
  const id = idOf(message.id);
  if (message.jsonrpc !== "2.0" || typeof message.method !== "string" || id === null) {
    throw new BadRequestError(rpcCodes.invalid, id ?? null, "Not a JSON-RPC 2.0 request.");
  }
  const wrong = find(message.params, unsafe);
  if (wrong) throw new BadRequestError(rpcCodes.invalid, id ?? null, wrong.what);
  const from = askerOf(message.from);
  return { id, method: message.method, params: message.params ?? {}, from };
}

/** Read one line of a run; every notification is one of a stream. Throws ControlError. */
export function parseAnswer(line: string): RpcAnswer {
  const answer = read(answerLine, parseJson(line), "answer");
  if (answer.method !== undefined) {
    const { id, item } = read(itemParams, answer.params, "answer.params");
    return { type: "item", id: requiredId(id), item };
  }
  if (answer.error === undefined) {
    return { type: "result", id: requiredId(answer.id), result: answer.result };
  }
  return { type: "error", id: idOf(answer.id) ?? null, error: errorOf(answer.error) };
}

const any = v.optional(v.unknown());
const answerLine = v.object({
  id: any,
  method: v.optional(v.string()),
  params: any,
  result: any,
  error: any,
});
const itemParams = v.object({ id: any, item: any });
const errorMember = v.object({
  message: v.string(),
  data: v.optional(
    v.object({
      reason: any,
      why: v.optional(v.string()),
      hint: v.optional(v.string()),
      near: v.optional(v.array(v.string())),
      candidates: v.optional(v.array(v.string())),
    }),
    {},
  ),
});

const said = v.fallback(v.optional(v.pipe(v.string(), v.transform(shortened))), undefined);
const number = v.fallback(v.optional(finite), undefined);
const asker = v.fallback(
  v.optional(
    v.object({
      pid: number,
      parent: number,
      terminal: said,
      run: said,
      launch: said,
      asPerson: v.fallback(v.optional(v.boolean()), undefined),
    }),
  ),
  undefined,
);

/** Read the claim of a client. A part that cannot be read is left out: no request fails for it. */
function askerOf(value: unknown): Asker | undefined {
  return v.parse(asker, value);
}

function shortened(text: string): string {
  return text.slice(0, 100);
}

export function requestLine(request: RpcRequest): string {
  return line({ jsonrpc: "2.0", ...request });
}

export function resultLine(id: RpcId, result: unknown): string {
  return line({ jsonrpc: "2.0", id, result: result ?? {} });
}

export function itemLine(method: string, id: RpcId, item: unknown): string {
  return line({ jsonrpc: "2.0", method, params: { id, item } });
}

export function errorLine(id: RpcId | null, error: ControlError): string {
  const code = error instanceof BadRequestError ? error.rpcCode : codes[error.reason];
  const data = { reason: error.reason, ...error.facts };
  return line({ jsonrpc: "2.0", id, error: { code, message: error.message, data } });
}

function line(message: object): string {
  const text = JSON.stringify(message);
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxLineBytes) return `${text}\n`;
  throw new ControlError(
    "failed",
    `A message of ${bytes} bytes is over the ${maxLineBytes} that fit.`,
  );
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new BadRequestError(rpcCodes.parse, null, "Not JSON.");
  }
}

function idOf(value: unknown): RpcId | null | undefined {
  if (value === undefined || typeof value === "string") return value;
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function requiredId(value: unknown): RpcId {
  const id = idOf(value);
  if (id === undefined || id === null)
    throw new ControlError("bad-request", "An answer has no id.");
  return id;
}

function errorOf(value: unknown): ControlError {
  const { message, data } = read(errorMember, value, "error");
  const { reason, ...facts } = data;
  return new ControlError(reasonOf(reason), message, facts);
}

function reasonOf(value: unknown): ControlReason {
  return isReason(value) ? value : "failed";
}

function isReason(value: unknown): value is ControlReason {
  return typeof value === "string" && Object.hasOwn(codes, value);
}

/** The values that no code that walks a value, or copies its members, may meet. */
const unsafe: Search = {
  depth: [maxDepth, `Nested deeper than ${maxDepth}.`],
  key: (key) => (key === "__proto__" ? 'A member is named "__proto__".' : undefined),
};
