/* Noise that is the same for the same seed: numbers, bytes, broken frames. */

export interface Noise {
  /** A whole number from 0 up to, and not including, `below`. */
  below(below: number): number;
  of<Item>(items: readonly [Item, ...Item[]]): Item;
  bytes(count: number): Buffer;
  text(count: number): string;
}

/** Make noise by mulberry32. */
export function noise(seed: number): Noise {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  const list = (count: number) => Array.from({ length: count }, () => below(256));
  return {
    below,
    of: (items) => items[below(items.length)] ?? items[0],
    bytes: (count) => Buffer.from(list(count)),
    text: (count) => String.fromCharCode(...list(count).map((byte) => byte * below(256))),
  };
}

const nasty = [
  "null",
  "-0",
  "1e999",
  "9007199254740993",
  '""',
  "[]",
  "{}",
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '["\\ud800"]',
  `${"[".repeat(2_000)}${"]".repeat(2_000)}`,
  `"${"x".repeat(2_000)}"`,
] as const;

/** Break the text of a frame in one of several ways; now and then it stays whole. */
export function broken(frame: string, { below, of, text }: Noise): string {
  const at = below(frame.length);
  const piece = text(1 + below(8));
  switch (below(7)) {
    case 0:
      return frame.slice(0, at);
    case 1:
      return frame.slice(0, at) + piece + frame.slice(at + piece.length);
    case 2:
      return frame.slice(0, at) + frame.slice(below(frame.length));
    case 3:
      return frame.replace(/:("[^"]*"|\d+|true|false|null)/, () => `:${of(nasty)}`);
    case 4:
      return frame.replace(/"[^"]*":/, () => `${JSON.stringify(of(keys))}:`);
    case 5:
      return frame.replace(/}$/, () => `,${JSON.stringify(of(keys))}:${of(nasty)}}`);
    default:
      return frame;
  }
}

const keys = ["__proto__", "constructor", "prototype", "toString", "type", "id", "args"] as const;

export interface FrameShape {
  /** The first byte: FIN, the reserved bits, the opcode. Default: a whole text. */
  readonly head?: number | undefined;
  /** Default: true, as a client's must be. */
  readonly masked?: boolean | undefined;
  /** What the header says the payload has. Default: what it has. */
  readonly says?: number | undefined;
}

/** Write a WebSocket frame, right or wrong. */
export function webSocketFrame(payload: Buffer, shape: FrameShape = {}): Buffer {
  const { head = 0x81, masked = true, says = payload.length } = shape;
  const flag = masked ? 0x80 : 0;
  // A mask of zeros changes nothing.
  return Buffer.concat([lengthBytes(head, flag, says), Buffer.alloc(masked ? 4 : 0), payload]);
}

function lengthBytes(head: number, flag: number, length: number): Buffer {
  if (length < 126) return Buffer.from([head, flag | length]);
  const bytes = Buffer.alloc(length < 65_536 ? 4 : 10);
  bytes[0] = head;
  bytes[1] = flag | (length < 65_536 ? 126 : 127);
  if (length < 65_536) bytes.writeUInt16BE(length, 2);
  else bytes.writeBigUInt64BE(BigInt(length), 2);
  return bytes;
}
