import { connect, type NetConnectOpts } from "node:net";
import { WebSocket } from "ws";
import type { Harness } from "../../../../src/actors/agent/wire/harness.ts";
import type { FromAgent } from "../../../../src/actors/agent/wire/protocol.ts";
import { Heard } from "../bridge/bridge-world.ts";
import { hello } from "../wire/frame-samples.ts";

/** An agent's process that a model, or what it read, has taken over: it says what the test wants. */
export function takenOver() {
  const doors: string[] = [];
  const opened = new Heard<WebSocket>();
  const results = new Heard<{ readonly id: string; readonly error?: string }>();
  const sends = new Heard<{ readonly id: string }>();
  const harness: Harness = {
    kind: "taken-over",
    launch: async ({ door, token, path, epoch }) => {
      doors.push(door.socket);
      const to: NetConnectOpts = { path: door.socket };
      const socket = new WebSocket("ws://ramure/", { createConnection: () => connect(to) });
      socket.on("error", () => {});
      socket.on("open", () => socket.send(JSON.stringify(hello({ token, path, epoch }))));
      socket.on("message", (data) => {
        const frame = JSON.parse(String(data));
        if (frame.type === "result") results.push(frame);
        if (frame.type === "send") {
          sends.push(frame);
          socket.send(JSON.stringify({ type: "accepted", id: frame.id }));
        }
        if (frame.type !== "tools") return;
        socket.send(JSON.stringify({ type: "tools-active", names: ["finish"] }));
        opened.push(socket);
      });
      return {
        exited: new Promise(() => {}),
        alive: async () => true,
        attach: () => [],
        stop: async () => socket.terminate(),
        kill: async () => socket.terminate(),
      };
    },
  };
  /** Sends as fast as the other side takes it. */
  const flood = async (frames: Iterable<FromAgent>) => {
    const socket = await opened.first();
    for (const frame of frames) {
      const sent = new Promise<void>((resolve) =>
        socket.send(JSON.stringify(frame), () => resolve()),
      );
      if (socket.bufferedAmount > 1_000_000) await sent;
    }
  };
  return { harness, doors, results, sends, flood };
}
