export { SandboxImage, type SandboxOptions } from "./sandbox.ts";
