import { createHash } from "node:crypto";
import { RamureError } from "../../../errors.ts";
import type { Clock, ClockTimer } from "../../clock.ts";
import { type Deferred, deferred } from "../../wait.ts";
import type { Json } from "../wire/index.ts";
import { errorText, toolText } from "./text.ts";
import type { Tool } from "./tool.ts";

/** The text that the model reads: exactly one of the two. */
export type ToolResult =
  /** The text of what the handler returned. */
  | { readonly text: string; readonly error?: undefined }
  /** The reason why there is no result. */
  | { readonly error: string; readonly text?: undefined };

export interface CallRequest {
  /** The conversation that the call was made in. */
  readonly session: string;
  /** Unique in the conversation, the same for every repetition of the call. */
  readonly id: string;
  readonly tool: string;
  readonly args: Json;
}

export interface ToolCallOptions {
  readonly clock: Clock;
  /** Keeps a result for good before it is given. Default: nobody does. */
  readonly persist?: ((call: CallRequest, result: ToolResult) => Promise<void>) | undefined;
}

/** A call aborted, with what the model reads. */
class CallEndedError extends RamureError {
  readonly code = "tool-call-ended";
}

/** One call of a tool, from its start to its answer. */
export class Call implements CallRequest {
  readonly session: string;
  readonly id: string;
  readonly tool: string;
  readonly args: Json;
  /** The identity of the call: the same for every repetition of it, and for no other call. */
  readonly key: string;
  readonly #options: ToolCallOptions;
  readonly #bytes: number;
  readonly #abort = new AbortController();
  readonly #result: Deferred<ToolResult> = deferred();
  #timer: ClockTimer | undefined;
  #answer: ToolResult | undefined;

  constructor(request: IdentifiedRequest, options: ToolCallOptions) {
    const { session, id, tool, args, key, bytes } = request;
    this.session = session;
    this.id = id;
    this.tool = tool;
    this.args = args;
    this.key = key;
    this.#bytes = bytes;
    this.#options = options;
  }

  /** The memory that arguments and answer take, about. */
  get bytes(): number {
    const { text, error } = this.#answer ?? {};
    return this.#bytes + (text ?? error ?? "").length;
  }

  /** Resolves with what the model reads. Never rejects. */
  get result(): Promise<ToolResult> {
    return this.#result.promise;
  }

  /** The result, as soon as there is one. */
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
    return this.#options.clock.setTimer(timeoutMs, () => this.end(why));
  }

  #finish(result: ToolResult): void {
    if (this.#answer !== undefined) return;
    this.#timer?.cancel();
    this.#answer = result;
    const { persist } = this.#options;
    if (persist === undefined) this.#result.resolve(result);
    else void this.#keep(result, persist);
  }

  /** Never rejects: a result that cannot be kept is an error that the model reads. */
  async #keep(result: ToolResult, persist: NonNullable<ToolCallOptions["persist"]>): Promise<void> {
    try {
      await persist(this, result);
    } catch (error) {
      this.#answer = { error: `${this.tool} ran, but its result was lost: ${errorText(error)}` };
    }
    this.#result.resolve(this.#answer ?? result);
  }
}

interface IdentifiedRequest extends CallRequest {
  readonly key: string;
  readonly bytes: number;
}

/** Tell which call this is: the same one has the same session, id, tool and arguments. */
export function identified(request: CallRequest): IdentifiedRequest {
  const { session, id, tool, args } = request;
  const text = JSON.stringify([session, id, tool, args]);
  const key = createHash("sha256").update(text).digest("base64");
  return { session, id, tool, args, key, bytes: text.length };
}
