export {
  InterruptedError,
  type ScriptedAgent,
  type ScriptedMessage,
  ScriptedToolError,
} from "./actors/agent/scripted/agent.ts";
export { type Script, type Scripts, scriptedHarness } from "./actors/agent/scripted/harness.ts";
export {
  type ModelRequest,
  type ModelScript,
  type ScriptedModel,
  type ScriptedModelOptions,
  scriptedModel,
} from "./actors/agent/scripted/model.ts";
export type { ModelMessage } from "./actors/agent/scripted/model-request.ts";
export type { ReplyStep } from "./actors/agent/scripted/model-script.ts";
export { type ManualClock, manualClock } from "./actors/manual-clock.ts";
export { machineConformance } from "./machines/conformance/conformance.ts";
export { type TestRun, type TestRunOptions, testRun } from "./supervisors/testing/test-run.ts";
