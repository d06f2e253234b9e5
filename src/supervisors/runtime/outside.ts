/* All of a run that is seen from outside: the one file below it that `src/cli/` imports. */

export { systemClock } from "../../actors/clock.ts";
export {
  encodeValue,
  inWords,
  isRecord,
  printable,
  printableJson,
  printableLines,
  read,
} from "../../actors/data/index.ts";
export { type JournalEntry, readJournal } from "../../actors/journal/index.ts";
export {
  type Asker,
  ControlError,
  type ControlEvent,
  type ControlReason,
  cancelMethod,
  connection,
  type EndpointNode,
  isFinished,
  isNodeWithin,
  LineReader,
  parseAnswer,
  type RpcAnswer,
  type RunStatus,
  requestLine,
  resolveAddress,
  type StreamVerb,
  statusSchema,
  type TreeNode,
  treeNode,
  type Verb,
  verbs,
  wantedEvents,
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
  removeLogs,
} from "../home/index.ts";
