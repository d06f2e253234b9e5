import { MisuseError } from "../../../errors.ts";
import { checkOptions, type OptionKinds } from "../../../options.ts";
import type { JsonObject } from "../wire/index.ts";
import { type InputSchema, parametersOf, validateInput } from "./schema.ts";

/** The call that a tool's handler answers, as the handler sees it. */
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
  /** The text that tells the model what the tool does. */
  readonly description: string;
  /** The schema of the arguments. Default: no arguments. */
  readonly input?: InputSchema<Args> | undefined;
  /** The longest call, in ms; 0 means no limit. Default: 120_000. */
  readonly timeoutMs?: number | undefined;
}

/** A tool that a model can call. */
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
