import { checkOptions, type OptionKinds } from "../options.ts";
import type { ExecOptions, ReadOptions, WriteOptions } from "./machine.ts";

const execKinds: OptionKinds<ExecOptions> = {
  user: "text",
  timeoutMs: "number",
  cwd: "text",
  env: "object",
  input: "any",
  maxOutputBytes: "number",
  signal: "object",
};
const readKinds: OptionKinds<ReadOptions> = { maxBytes: "number", within: "text" };
const writeKinds: OptionKinds<WriteOptions> = { mode: "number", within: "text" };

/** Check the options of a machine's methods: a program without types may have misspelt one. Throw MisuseError. */
export const methodOptions = {
  exec: (given: unknown): void => checkOptions("exec()", given, execKinds),
  readFile: (given: unknown): void => checkOptions("readFile()", given, readKinds),
  writeFile: (given: unknown): void => checkOptions("writeFile()", given, writeKinds),
} as const;
