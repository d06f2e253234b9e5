export type { PiCredentials } from "./credentials.ts";
export { MachineLacksError, NodeMissingError, PiMissingError, PiTooOldError } from "./errors.ts";
export { type PiOptions, piHarness } from "./harness.ts";
