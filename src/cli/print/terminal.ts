import { once } from "node:events";
import { styleText } from "node:util";

/** The look of text in a terminal or a file. */
export interface Look {
  readonly colour: boolean;
  /** True when the locale can show more than ASCII. */
  readonly unicode: boolean;
  /** The width at which lines are cut. */
  readonly columns: number;
}

export type Env = Readonly<Record<string, string | undefined>>;

/** Decide the look of what goes to a stream, from the environment and `--no-color`. */
export function lookOf(
  env: Env,
  stream: { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined },
  options: { readonly color?: boolean | undefined } = {},
): Look {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || "";
  return {
    colour: isColoured(env, stream.isTTY === true, options.color),
    unicode: /utf-?8/i.test(locale),
    columns: stream.columns ?? widthFrom(env.COLUMNS) ?? Number.POSITIVE_INFINITY,
  };
}

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

export function styled(look: Look, style: Style, text: string): string {
  // The look has decided: Node is not to look at the stream again.
  return look.colour && text !== "" ? styleText(style, text, { validateStream: false }) : text;
}

/** Write all of it, waiting where the reader is slow. */
export async function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, "drain");
}

/** End quietly when the reader of our output has closed it, as `| head` does. */
export function endOnBrokenPipe(...streams: readonly NodeJS.WriteStream[]): void {
  for (const stream of streams) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      process.exit(error.code === "EPIPE" ? 0 : 1);
    });
  }
}

function isColoured(env: Env, isTTY: boolean, asked: boolean | undefined): boolean {
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== "0" && env.FORCE_COLOR !== "false";
  if (asked === false || env.NO_COLOR || env.TERM === "dumb") return false;
  return isTTY;
}

function widthFrom(text: string | undefined): number | undefined {
  const width = Number(text);
  return Number.isInteger(width) && width > 0 ? width : undefined;
}
