import { createHash } from "node:crypto";
import { RamureError } from "../../../errors.ts";
import type { Clock, ClockTimer } from "../../clock.ts";
import type { Json } from "../wire/index.ts";
import { errorText, toolText } from "./text.ts";
import type { Tool } from "./tool.ts";

/** What the model reads: exactly one of the two. */
export type ToolResult =
  | { readonly text: string; readonly error?: undefined }
  | { readonly error: string; readonly text?: undefined };

export interface CallRequest {
  /** The conversation that the call was made in. */
  readonly session: string;
  /** Unique in the conversation, the same for every repetition of the call. */
  readonly id: string;
  readonly tool: string;
  readonly args: Json;
}

/** What became of a call. */
export interface CallRecord extends CallRequest {
  /** Resolves with what the model reads. Never rejects. */
  readonly result: Promise<ToolResult>;
  /** The result, as soon as there is one. */
  readonly answer: ToolResult | undefined;
}

interface CallSurroundings {
  readonly clock: Clock;
  readonly persist?: ((call: CallRequest, result: ToolResult) => Promise<void>) | undefined;
}

/** A call aborted, with what the model reads. */
class CallEndedError extends RamureError {
  readonly code = "tool-call-ended";
}

/** A call from its start to its answer. */
export class RunningCall implements CallRecord {
  readonly session: string;
  readonly id: string;
  readonly tool: string;
  readonly args: Json;
  readonly result: Promise<ToolResult>;
  readonly #clock: Clock;
  readonly #persist: CallSurroundings["persist"];
  readonly #abort = new AbortController();
  #timer: ClockTimer | undefined;
  #answer: ToolResult | undefined;
  #settle: (result: ToolResult) => void = () => {};

  constructor({ session, id, tool, args }: CallRequest, { clock, persist }: CallSurroundings) {
    this.session = session;
    this.id = id;
    this.tool = tool;
    this.args = args;
    this.#clock = clock;
    this.#persist = persist;
    this.result = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get answer(): ToolResult | undefined {
    return this.#answer;
  }

  start(tool: Tool, progress: (text: string) => void): void {
    this.#timer = this.#limit(tool);
    this.#run(tool, progress).then(
      (value) => this.#finish({ text: toolText(value) }),
      (error: unknown) => this.#finish({ error: errorText(error) }),
    );
  }

  /** Answer now with `why`, and tell the handler that nobody waits. */
  end(why: string): void {
    this.#finish({ error: why });
    this.#abort.abort(new CallEndedError(why));
  }

  async #run(tool: Tool, progress: (text: string) => void): Promise<unknown> {
    const args = await tool.validate(this.args);
    this.#abort.signal.throwIfAborted();
    return await tool.run(args, {
      id: this.id,
      signal: this.#abort.signal,
      progress: (text) => {
        if (this.#answer === undefined) progress(text);
      },
    });
  }

  #limit({ name, timeoutMs }: Tool): ClockTimer | undefined {
    if (timeoutMs <= 0 || timeoutMs === Number.POSITIVE_INFINITY) return undefined;
    const why = `The tool ${name} did not answer within ${timeoutMs} ms and was stopped; what it did by then may have had an effect.`;
    return this.#clock.setTimer(timeoutMs, () => this.end(why));
  }

  #finish(result: ToolResult): void {
    if (this.#answer !== undefined) return;
    this.#timer?.cancel();
    this.#answer = result;
    if (this.#persist === undefined) this.#settle(result);
    else void this.#keep(result, this.#persist);
  }

  /** Never rejects: a result that cannot be kept is an error that the model reads. */
  async #keep(
    result: ToolResult,
    persist: NonNullable<CallSurroundings["persist"]>,
  ): Promise<void> {
    try {
      await persist(this, result);
    } catch (error) {
      this.#answer = { error: `${this.tool} ran, but its result was lost: ${errorText(error)}` };
    }
    this.#settle(this.#answer ?? result);
  }
}

/** The same call has the same session, id, tool and arguments. */
export function callKey({ session, id, tool, args }: CallRequest): string {
  return createHash("sha256")
    .update(JSON.stringify([session, id, tool, args]))
    .digest("base64");
}
