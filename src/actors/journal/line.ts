import { crc32 } from "node:zlib";
import { decodeValue, encodeValue, isolated, parsedJson, type Redaction } from "../data/index.ts";

/*
 * One line of the journal: one JSON object, whose last member is the CRC-32 of the rest:
 *
 *     {"v":1,"seq":7,"at":1790000000000,"type":"done","path":"/main","data":42,"crc":"0badcafe"}
 *
 * `crc` covers every byte before `,"crc":`. `meta` is there when plain JSON would have lost something
 * of `data`: superjson makes dates, maps, bytes and errors of the two again.
 */

/** A record for the journal. */
export interface JournalRecord {
  readonly type: string;
  readonly path: string;
  readonly epoch?: number | undefined;
  /** The emitter, seen from `path`, where an event of a child bubbled to it. */
  readonly source?: string | undefined;
  /** The number of the event on the stream of `path`, where it stands on that stream. */
  readonly nth?: number | undefined;
  /** The time of the event, in wall-clock ms since 1970. Default: now. */
  readonly at?: number | undefined;
  readonly data?: unknown;
}

/** Tell whether it is the copy of an event on a stream that it bubbled to. */
export function isCopy({ source }: JournalRecord): boolean {
  return source !== undefined;
}

/** A record of the journal with its number and time. */
export interface JournalEntry extends JournalRecord {
  /** The number of the entry: from 1, without gaps, over the whole run. */
  readonly seq: number;
  /** Wall-clock ms since 1970. */
  readonly at: number;
}

export interface LineOptions {
  readonly seq: number;
  readonly at: number;
  /** A line that would be longer says so instead of its data. */
  readonly maxBytes: number;
  /** Takes known secrets out of data. Default: none are known. */
  readonly redaction?: Redaction | undefined;
}

/** Write one line, with its newline. Never throws: data that cannot be written is replaced by a mark that says why. */
export function encodeLine(record: JournalRecord, options: LineOptions): string {
  const head = headOf(record, options);
  const data = dataMembers(record.data, options.redaction);
  const room = options.maxBytes - Buffer.byteLength(head) - tailBytes - 1;
  const bytes = Buffer.byteLength(data);
  const fits = bytes <= room;
  return closed(
    `${head}${fits ? data : marked(`${bytes} bytes, more than a line of the journal holds`)}`,
  );
}

/** Give the `seq` of a line whose checksum is right; undefined when it is not right. */
export function lineSeq(line: Buffer): number | undefined {
  const body = line.length - tailBytes;
  if (body <= 0) return undefined;
  const tail = line.toString("latin1", body);
  if (tail !== tailOf(crc32(line.subarray(0, body)))) return undefined;
  return headSeq(line) ?? Number.NaN;
}

/** The bytes at the beginning of a line that hold its `seq`. */
export const headBytes = 40;

/** Give the `seq` that stands at the beginning of a line; undefined when it does not begin like one of this version. */
export function headSeq(line: Buffer): number | undefined {
  const head = /^\{"v":1,"seq":(\d{1,16}),/.exec(line.toString("latin1", 0, headBytes));
  return head ? Number(head[1]) : undefined;
}

/** Read a line whose checksum is right. Undefined when it is not a line of this version. */
export function decodeLine(line: Buffer): JournalEntry | undefined {
  const value = parsedJson(line.toString("utf8"));
  if (typeof value !== "object" || value === null) return undefined;
  const { v, seq, at, type, path, epoch, source, nth, data, meta }: Record<string, unknown> = {
    ...value,
  };
  if (v !== 1 || typeof seq !== "number" || typeof at !== "number") return undefined;
  if (typeof type !== "string" || typeof path !== "string") return undefined;
  return {
    seq,
    at,
    type,
    path,
    ...(typeof epoch === "number" ? { epoch } : {}),
    ...(typeof source === "string" ? { source } : {}),
    ...(typeof nth === "number" ? { nth } : {}),
    ...(data === undefined && meta === undefined ? {} : { data: dataOf(data, meta) }),
  };
}

function headOf(record: JournalRecord, { seq, at }: LineOptions): string {
  const { type, path, epoch, source, nth } = record;
  return [
    `{"v":1,"seq":${seq},"at":${at},"type":${JSON.stringify(type)},"path":${JSON.stringify(path)}`,
    epoch === undefined ? "" : `,"epoch":${epoch}`,
    source === undefined ? "" : `,"source":${JSON.stringify(source)}`,
    nth === undefined ? "" : `,"nth":${nth}`,
  ].join("");
}

function dataMembers(data: unknown, redaction: LineOptions["redaction"]): string {
  if (data === undefined) return "";
  try {
    return members(data, redaction);
  } catch {
    return membersOfCopy(data, redaction);
  }
}

/** A copy has marks where its original had functions, circles or traps. */
function membersOfCopy(data: unknown, redaction: LineOptions["redaction"]): string {
  try {
    return members(isolated(data), redaction);
  } catch (error) {
    return marked(error instanceof Error ? error.message : "a value that cannot be read");
  }
}

function members(data: unknown, redaction: LineOptions["redaction"]): string {
  const all = membersOf(data);
  if (redaction === undefined || !redaction.isIn(all)) return all;
  const hidden = membersOf(redaction.value(data));
  return redaction.isIn(hidden) ? marked("a value with a secret inside") : hidden;
}

function membersOf(data: unknown): string {
  const { json, meta } = encodeValue(data);
  const text: string | undefined = JSON.stringify(json);
  const first = `,"data":${text ?? "null"}`;
  return meta === undefined ? first : `${first},"meta":${JSON.stringify(meta)}`;
}

function marked(unserialisable: string): string {
  return `,"data":${JSON.stringify({ unserialisable: unserialisable.slice(0, 200) })}`;
}

const tailBytes = ',"crc":"00000000"}'.length;

function closed(body: string): string {
  return `${body}${tailOf(crc32(body))}\n`;
}

function tailOf(crc: number): string {
  return `,"crc":"${crc.toString(16).padStart(8, "0")}"}`;
}

function dataOf(json: unknown, meta: unknown): unknown {
  if (meta === undefined) return json;
  try {
    return decodeValue({ json, meta });
  } catch {
    return json;
  }
}
