export { TestHangError, type TestRun, type TestRunOptions, testRun } from "./test-run.ts";
