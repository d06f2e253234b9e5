import type { ContractShape } from "../endpoints/index.ts";
import { type ProcessHandle, type ProcessRecord, RecordHandle } from "../process/index.ts";
import { PoolRecordHandle } from "./pool-handle.ts";
import { StatechartRecordHandle } from "./statechart.ts";
import { SupervisorRecordHandle } from "./supervisor-handle.ts";

/** Make the handle of a record. `Result` and `Shape` are those of the process that the record was made of. */
export function handleOf<Result, Shape extends ContractShape>(
  record: ProcessRecord,
): ProcessHandle<Result, Shape> {
  return made(record) as unknown as ProcessHandle<Result, Shape>;
}

function made(record: ProcessRecord): ProcessHandle {
  switch (record.definition.handle) {
    case "supervisor":
      return new SupervisorRecordHandle(record, made);
    case "pool":
      return new PoolRecordHandle(record);
    case "statechart":
      return new StatechartRecordHandle(record);
    default:
      return new RecordHandle(record);
  }
}
