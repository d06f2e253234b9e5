export {
  type ControlLimits,
  type ControlServer,
  openControlServer,
} from "./server.ts";
