/* All of a run that is seen from outside: the one file below it that `src/cli/` imports. */

export { systemClock } from "../../actors/clock.ts";
export { encodeValue, Fields } from "../../actors/data/index.ts";
export { isCopy, type JournalEntry, readJournal } from "../../actors/journal/index.ts";
export { shellLine } from "../../machines/shell.ts";
export {
  ControlError,
  type ControlEvent,
  type ControlMethod,
  type ControlReason,
  type ControlStreams,
  cancelMethod,
  type EndpointNode,
  isNodeWithin,
  itemWire,
  LineReader,
  type ParamsOf,
  paramsWire,
  parseAnswer,
  type ResultOf,
  type RpcAnswer,
  type RunStatus,
  readNode,
  requestLine,
  resolveAddress,
  resultWire,
  type StreamMethod,
  statusSchema,
  type TreeNode,
} from "../control/index.ts";
export {
  type HomeLayout,
  homeLayout,
  type Leftover,
  type ListedRun,
  listRuns,
  loadReaper,
  type ReapedRun,
  type RunRecord,
} from "../home/index.ts";
