import { MisuseError } from "../../../errors.ts";
import { checkOptions, type OptionKinds } from "../../../options.ts";
import type { JsonObject } from "../wire/index.ts";
import { type InputSchema, parametersOf, validateInput } from "./schema.ts";

/** What a tool's handler may know and do about the call that it answers. */
export interface ToolCall {
  /** The same for every repetition of the call. */
  readonly id: string;
  /** Aborts when nobody waits for the answer any more: a timeout, a cancel, the tool's or the agent's end. */
  readonly signal: AbortSignal;
  /** Show the model's side how far it is. */
  progress(text: string): void;
}

export type ToolHandler<Args> = (args: Args, call: ToolCall) => unknown;

export interface ToolOptions<Args> {
  /** What the model is told that it does. */
  readonly description: string;
  /** What it takes. Default: no arguments. */
  readonly input?: InputSchema<Args> | undefined;
  /** How long a call may take, in ms; 0 means no limit. Default: 120_000. */
  readonly timeoutMs?: number | undefined;
}

/** What a model can call. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonObject;
  readonly timeoutMs: number;
  validate(args: unknown): Promise<unknown>;
  run(args: unknown, call: ToolCall): unknown;
}

const optionKinds: OptionKinds<ToolOptions<unknown>> = {
  description: "any",
  input: "any",
  timeoutMs: "number",
};

const namePattern = /^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$/;

/** Make a tool of a handler. Throws MisuseError (`invalid-tool`) for a name or a schema that no model can be given. */
export function defineTool<Args>(
  name: string,
  options: ToolOptions<Args>,
  handler: ToolHandler<Args>,
): Tool {
  if (!namePattern.test(name)) {
    throw new MisuseError(
      "invalid-tool",
      `${JSON.stringify(name)} cannot be a tool's name; use 1 to 64 characters of letters, digits, _ and -, not starting with a digit or -.`,
    );
  }
  checkOptions(`The tool ${name}`, options, optionKinds);
  const { description, input, timeoutMs = 120_000 } = options;
  // A program without types finds out here, not when the frame is refused.
  if (typeof description !== "string")
    throw new MisuseError(
      "invalid-tool",
      `The tool ${name} needs a description: say when to call it.`,
    );
  return {
    name,
    description,
    parameters: parametersOf(input),
    timeoutMs,
    validate: (args) => validateInput(input, args, `The tool ${name}`),
    run: (args, call) => handler(args as Args, call),
  };
}
