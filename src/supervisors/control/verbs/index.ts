/* Every verb of the control socket, one a line. */

export { agentAttach } from "./agent-attach.ts";
export { endpointCall } from "./endpoint-call.ts";
export { eventsFollow } from "./events-follow.ts";
export { machineShell } from "./machine-shell.ts";
export { messageSend } from "./message-send.ts";
export { runStatus } from "./run-status.ts";
export { runStop } from "./run-stop.ts";
export { treeWatch } from "./tree-watch.ts";
