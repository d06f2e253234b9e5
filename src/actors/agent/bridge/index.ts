export { type Bridge, openBridge } from "./bridge.ts";
export type { TcpAddress } from "./listener.ts";
