export { type PiOptions, piHarness } from "./harness.ts";
