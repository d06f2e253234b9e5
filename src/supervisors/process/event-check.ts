import { ContractError } from "../../errors.ts";
import type { Contract, ContractShape } from "./contract.ts";

const terminal: ReadonlySet<string> = new Set(["done", "failed", "cancelled"]);

/** Give the data as the contract wants it. Throws ContractError for an event that the process may not emit. */
export function checkEvent(
  path: string,
  contract: Contract<ContractShape> | undefined,
  type: string,
  data: unknown,
): unknown {
  if (terminal.has(type)) {
    throw new ContractError(
      path,
      `emit(${JSON.stringify(type)})`,
      "a process's end is told by done() and fail(); choose another type",
    );
  }
  const events = contract?.shape.events;
  if (events === undefined) return data;
  const schema = Object.hasOwn(events, type) ? events[type] : undefined;
  if (schema === undefined) {
    throw new ContractError(
      path,
      `emit(${JSON.stringify(type)})`,
      `the contract has only ${Object.keys(events).join(", ")}`,
    );
  }
  const checked = schema["~standard"].validate(data);
  if (checked instanceof Promise) {
    throw new ContractError(
      path,
      `emit(${JSON.stringify(type)})`,
      "its schema validates asynchronously, and emit cannot wait",
    );
  }
  if (checked.issues === undefined) return checked.value;
  const why = checked.issues.map((issue) => issue.message).join("; ");
  throw new ContractError(path, `emit(${JSON.stringify(type)})`, why);
}
