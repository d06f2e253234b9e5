export { type PipedOptions, startPiped, type Way } from "./machine.ts";
export { hostPipe, type Pipe } from "./pipe.ts";
export { LostWay } from "./run.ts";
