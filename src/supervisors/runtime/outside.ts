/*
 * All of a run that its control clients see: the one file of this room that `src/cli/` imports,
 * beside the journal's reader.
 */

export { systemClock } from "../../actors/clock.ts";
export { Fields } from "../../actors/data/fields.ts";
export { encodeValue } from "../../actors/data/wire-values.ts";
export { shellLine } from "../../machines/shell.ts";
export { ControlError, type ControlReason } from "../control/error.ts";
export { LineReader } from "../control/lines.ts";
export { isNodeWithin, resolveAddress } from "../control/resolve-address.ts";
export { cancelMethod, parseAnswer, type RpcAnswer, requestLine } from "../control/rpc.ts";
export {
  type ControlEvent,
  type ControlMethod,
  type ControlStreams,
  type EndpointNode,
  type ParamsOf,
  type ResultOf,
  type RunStatus,
  type StreamMethod,
  statusSchema,
  type TreeNode,
} from "../control/types.ts";
export { itemWire, paramsWire, readNode, resultWire } from "../control/wire.ts";
export { type HomeLayout, homeLayout } from "../home/home.ts";
export { loadReaper } from "../home/load-reaper.ts";
export type { Leftover, ReapedRun } from "../home/reaper.ts";
export { type ListedRun, listRuns, type RunRecord } from "../home/run-record.ts";
