export { ControlError, type ControlReason } from "./error.ts";
export type { ControlHandlers, RunSnapshot } from "./handlers.ts";
export { LineReader } from "./lines.ts";
export { isNodeWithin, resolveAddress } from "./resolve-address.ts";
export { cancelMethod, parseAnswer, type RpcAnswer, requestLine } from "./rpc.ts";
export { type ControlServer, openControlServer } from "./server.ts";
export {
  type ControlEvent,
  type ControlMethod,
  type ControlStreams,
  type EndpointNode,
  type ParamsOf,
  type ResultOf,
  type RunFacts,
  type RunStatus,
  type StreamMethod,
  statusSchema,
  type TreeNode,
} from "./types.ts";
export { watchTree } from "./watch-tree.ts";
export { itemWire, paramsWire, readNode, resultWire } from "./wire.ts";
