import type { Harness } from "../../actors/agent/wire/index.ts";
import type { Clock } from "../../actors/clock.ts";
import { MisuseError } from "../../errors.ts";
import type { Image } from "../../machines/machine.ts";
import type { OptionKinds } from "../../options.ts";
import type { Contract, ContractShape, OpenShape } from "../endpoints/index.ts";

/** Options of the first process of a run; on a nested one they throw. */
export interface RootOptions {
  /**
   * Directory of the run's logs, seen from the working directory of the program. One live run at a time
   * may have it; a later one sets the journal of the earlier one aside. Default: `$RAMURE_HOME/logs/{run id}`.
   */
  readonly logDir?: string | undefined;
  /** Listen for agents on this TCP host as well as on the run's Unix socket. Default: Unix socket only. */
  readonly host?: string | undefined;
  /** The TCP port, with `host`; 0 picks a free one. Default: 0. */
  readonly port?: number | undefined;
  /** The URL that agents are given to reach that port, such as one of a proxy. Default: made of host and port. */
  readonly baseUrl?: string | undefined;
  /** The way to launch agents. Default: `piHarness()`. */
  readonly harness?: Harness | undefined;
  /** The clock of the run. Default: the system's clock. */
  readonly clock?: Clock | undefined;
}

export interface ProcessOptions<Shape extends ContractShape = OpenShape> extends RootOptions {
  /** 1 to 64 of a-z, 0-9, _ and -. Default: the function's name in kebab-case, else `process`. */
  readonly name?: string | undefined;
  /** Types and checks events, endpoints and messages. Default: open. */
  readonly contract?: Contract<Shape> | undefined;
  /** The image for machines of this process and of those below. Default: the parent's; at the root the local host. */
  readonly image?: Image | undefined;
  /** The longest run of the body, in ms; then the process fails with class `timeout`. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /** One line for `ramure status`. */
  readonly summary?: string | undefined;
}

/** The kinds of the options of a process, for their check. */
export const processOptionKinds: OptionKinds<ProcessOptions> = {
  name: "any",
  contract: "object",
  image: "object",
  timeoutMs: "number",
  summary: "text",
  logDir: "text",
  host: "text",
  port: "number",
  baseUrl: "text",
  harness: "object",
  clock: "object",
};

const rootOnly = ["logDir", "host", "port", "baseUrl", "harness", "clock"] as const;

/** Give the options without those of a run. */
export function withoutRootOptions<Shape extends ContractShape>(
  options: ProcessOptions<Shape>,
): ProcessOptions<Shape> {
  const none = Object.fromEntries(rootOnly.map((name) => [name, undefined]));
  return { ...options, ...none };
}

/** Throw MisuseError (`root-option`) when a process that is started below another carries options of a run. */
export function refuseRootOptions(path: string, options: ProcessOptions<ContractShape>): void {
  const found = rootOnly.find((name) => options[name] !== undefined);
  if (found === undefined) return;
  throw new MisuseError(
    "root-option",
    `${path}: ${found} belongs to the run; give it to the first process, the one that is called outside any other.`,
  );
}
