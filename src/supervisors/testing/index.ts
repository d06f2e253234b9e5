export {
  type Explored,
  type ExploreOptions,
  explore,
  type InjectedCrash,
  WorldBrokenError,
} from "./explore.ts";
export { TestHangError, type TestRun, type TestRunOptions, testRun } from "./test-run.ts";
