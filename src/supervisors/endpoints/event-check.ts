import type { StandardSchemaV1 } from "@standard-schema/spec";
import { issueLine } from "../../actors/agent/tools/index.ts";
import { copyOf, isolated, notData } from "../../actors/data/index.ts";
import type { Contract, ContractShape } from "./contract.ts";
import { ContractError } from "./errors.ts";

const terminal: ReadonlySet<string> = new Set(["done", "failed", "cancelled"]);

/** Give a copy of the data, as the contract wants it. Throws ContractError for an event that the process may not emit. */
export function checkEvent(
  path: string,
  contract: Contract<ContractShape> | undefined,
  type: string,
  data: unknown,
): unknown {
  const what = `emit(${JSON.stringify(type)})`;
  if (terminal.has(type)) {
    const why = "a process's end is told by done() and fail(); choose another type";
    throw new ContractError(path, what, why);
  }
  const events = contract?.shape.events;
  if (events === undefined) return copied(path, what, data);
  checkData(path, what, data);
  const schema = Object.hasOwn(events, type) ? events[type] : undefined;
  if (schema === undefined) {
    const known = Object.keys(events).join(", ") || "none";
    throw new ContractError(path, what, `the contract's events are: ${known}`);
  }
  return isolated(validated({ path, what }, schema, data));
}

/** Copies and checks in one walk: only a copy with a mark in it is a reason to look for what is no data. */
function copied(path: string, what: string, data: unknown): unknown {
  const { copy, isMarked } = copyOf(data);
  if (isMarked) checkData(path, what, data);
  return copy;
}

/** Give a message as its receiver's contract wants it. Throws ContractError at the sender. */
export function checkSent(
  path: string,
  contract: Contract<ContractShape> | undefined,
  message: unknown,
): unknown {
  const what = "a message to it";
  checkData(path, what, message);
  const schema = contract?.shape.messages;
  return schema === undefined ? message : validated({ path, what }, schema, message);
}

/** Throw ContractError for what is no data, and says where in the value that is. */
function checkData(path: string, what: string, value: unknown): void {
  const found = notData(value);
  if (found === undefined) return;
  const why = `${found} is no data and cannot leave its process; send what describes it instead`;
  throw new ContractError(path, what, why);
}

function validated(
  { path, what }: { readonly path: string; readonly what: string },
  schema: StandardSchemaV1,
  value: unknown,
): unknown {
  const checked = schema["~standard"].validate(value);
  if (checked instanceof Promise) {
    checked.catch(() => {}); // Whatever it would say comes too late.
    throw new ContractError(path, what, "its schema validates asynchronously, and nobody can wait");
  }
  if (checked.issues === undefined) return checked.value;
  throw new ContractError(path, what, checked.issues.map(issueLine).join("; "));
}
