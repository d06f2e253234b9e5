export { machineConformance } from "./conformance.ts";
export type { ConformanceAbilities, ConformanceCase } from "./kit.ts";
