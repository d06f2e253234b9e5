export {
  InterruptedError,
  type ScriptedAgent,
  type ScriptedMessage,
  ScriptedToolError,
} from "./actors/agent/scripted-agent.ts";
export { type Script, type Scripts, scriptedHarness } from "./actors/agent/scripted-harness.ts";
export { type ScriptedModel, scriptedModel } from "./actors/agent/scripted-model.ts";
export { type ManualClock, manualClock } from "./actors/manual-clock.ts";
export { machineConformance } from "./machines/conformance.ts";
export { type TestRun, type TestRunOptions, testRun } from "./supervisors/runtime/test-run.ts";
