export { PiMissingError, PiTooOldError } from "./errors.ts";
export { type PiOptions, piHarness } from "./harness.ts";
