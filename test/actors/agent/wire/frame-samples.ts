import type { FromAgent, ToAgent } from "../../../../src/actors/agent/wire/protocol.ts";

export type Hello = Extract<FromAgent, { type: "hello" }>;

/** Make a hello as an agent's bridge says it. */
export function hello(changes: Partial<Hello> = {}): Hello {
  return {
    type: "hello",
    protocol: 1,
    token: "secret",
    path: "/run/writer",
    epoch: 1,
    harness: "test",
    pid: 42,
    capabilities: { liveTools: false, settled: false },
    session: { id: "s1" },
    model: "scripted/model",
    modelReady: true,
    durable: [],
    ...changes,
  };
}

/** One of each frame that an agent says. */
export const fromAgentSamples: readonly FromAgent[] = [
  hello({ harnessVersion: "0.74.2", session: { id: "s1", file: "/tmp/s.jsonl" } }),
  { type: "tools-active", names: ["finish"] },
  { type: "accepted", id: "m1" },
  { type: "durable", id: "m1" },
  { type: "refused", id: "m1", reason: "not accepted" },
  { type: "call", id: "c1", tool: "finish", args: { haikus: ["a", { deep: [null, 1.5] }] } },
  { type: "cancel", id: "c1" },
  { type: "event", event: { type: "turn-started" } },
  { type: "event", event: { type: "turn-ended", stopReason: "stop", text: "hi" } },
  { type: "event", event: { type: "idle", messageIds: ["m1"] } },
  { type: "event", event: { type: "message", role: "user", text: "x", origin: "interactive" } },
  { type: "event", event: { type: "tool-started", id: "c1", tool: "bash", args: null } },
  { type: "event", event: { type: "tool-ended", id: "c1", tool: "bash", failed: true } },
  { type: "event", event: { type: "usage", usage: { input: 3 } } },
  { type: "event", event: { type: "session-replaced", reason: "new" } },
  { type: "event", event: { type: "model-changed", ready: false } },
  { type: "pong", id: 7 },
  { type: "bye", reason: "quit" },
];

/** One of each frame that the runtime says. */
export const toAgentSamples: readonly ToAgent[] = [
  { type: "welcome", protocol: 1 },
  { type: "tools", tools: [{ name: "finish", description: "", parameters: { type: "object" } }] },
  { type: "send", id: "m1", text: "hello\u2028", deliver: "steer" },
  { type: "progress", id: "c1", text: "half" },
  { type: "result", id: "c1", text: "done", terminate: true },
  { type: "result", id: "c1", error: "no" },
  { type: "interrupt" },
  { type: "shutdown" },
  { type: "ping", id: 7 },
];
