export {
  InterruptedError,
  type ModelMessage,
  type ModelRequest,
  type ModelScript,
  type ReplyStep,
  type Script,
  type ScriptedAgent,
  type ScriptedMessage,
  type ScriptedModel,
  type ScriptedModelOptions,
  ScriptedToolError,
  type Scripts,
  scriptedHarness,
  scriptedModel,
} from "./actors/agent/scripted/index.ts";
export { type ManualClock, manualClock } from "./actors/manual-clock.ts";
export { machineConformance } from "./machines/conformance/index.ts";
export {
  type Explored,
  type ExploreOptions,
  explore,
  type InjectedCrash,
  TestHangError,
  type TestRun,
  type TestRunOptions,
  testRun,
  WorldBrokenError,
} from "./supervisors/testing/index.ts";
