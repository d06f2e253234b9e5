import * as verbs from "./verbs/index.ts";

export { isFinished, isNodeWithin, resolveAddress } from "./address.ts";
export { type ControlEvent, wantedEvents } from "./control-event.ts";
export { ControlError, type ControlReason } from "./error.ts";
export { LineReader } from "./lines.ts";
export { type Asker, cancelMethod, parseAnswer, type RpcAnswer, requestLine } from "./rpc.ts";
export {
  connection,
  type EndpointNode,
  type RunFacts,
  type RunStatus,
  statusSchema,
  type TreeNode,
  treeNode,
} from "./run-status.ts";
export type { ServedRun } from "./served-run.ts";
export { type ControlServer, openControlServer } from "./server/index.ts";
export type { StreamVerb, Verb } from "./verb.ts";
export { watchTree } from "./watch-tree.ts";
export { verbs };
