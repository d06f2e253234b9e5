export {
  InterruptedError,
  type ScriptedAgent,
  type ScriptedMessage,
  ScriptedToolError,
} from "./agent.ts";
export { type Script, type Scripts, scriptedHarness } from "./harness.ts";
export {
  type ModelRequest,
  type ModelScript,
  type ScriptedModel,
  type ScriptedModelOptions,
  scriptedModel,
} from "./model.ts";
export type { ModelMessage } from "./model-request.ts";
export type { ReplyStep } from "./model-script.ts";
