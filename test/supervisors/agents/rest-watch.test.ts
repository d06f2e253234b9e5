import { expect, it } from "vitest";
import { createAgentMemory } from "../../../src/actors/agent/actor/agent-memory.ts";
import { defineTool } from "../../../src/actors/agent/tools/tool.ts";
import { manualClock } from "../../../src/actors/manual-clock.ts";
import type { Machine } from "../../../src/index.ts";
import { RestWatch } from "../../../src/supervisors/agents/rest-watch.ts";

const message = (origin: string) => ["message", { role: "user", text: "x", origin }] as const;
const returned = (tool: string, error?: string) => ["tool-returned", { tool, error }] as const;
const ended = (stopReason: string) => ["turn-ended", { stopReason, text: "" }] as const;
const idle = ["idle", { messageIds: [] }] as const;

it.each([
  ["nothing called", undefined, [idle], [["ask", "finish"]]],
  ["one of its tools called", undefined, [returned("ask"), idle], []],
  ["its tool refused", undefined, [returned("ask", "no"), idle], [["ask", "finish"]]],
  ["another tool than the one named", "finish", [returned("ask"), idle], [["finish"]]],
  ["the one named", "finish", [returned("finish"), idle], []],
  ["the one named, in the run before", "finish", [returned("finish"), idle, idle], [["finish"]]],
  ["a person who typed", "finish", [message("interactive"), idle], []],
  ["a person who typed before", "finish", [message("interactive"), idle, idle], [["finish"]]],
  ["a turn that was broken off", "finish", [ended("aborted"), idle], []],
  [
    "a turn that was broken off before",
    "finish",
    [ended("aborted"), ended("stop"), idle],
    [["finish"]],
  ],
])("a rest watch tells what was missed after %s", (_, tool, events, missed) => {
  const clock = manualClock();
  const memory = createAgentMemory({ clock, path: "/main/a" });
  for (const name of ["ask", "finish"])
    memory.tools.add(defineTool(name, { description: "" }, () => ""));
  const nobody = { all: [], get: () => undefined };
  const peer = {
    name: "a",
    word: "a",
    memory,
    machine: {} as Machine,
    outgoing: nobody,
    incoming: nobody,
    isAtRest: true,
    isLeaving: false,
    lookAtRest: () => {},
  };
  const nudge = tool === undefined ? undefined : { tool, max: 0 };
  const watch = new RestWatch(peer, { clock, nudge });
  const told: unknown[] = [];
  memory.events.subscribe(({ type, data }) => {
    if (type === "tool-missed") told.push((data as { readonly tools: unknown }).tools);
  });
  for (const [type, data] of events) {
    watch.happened(type, data);
    watch.tell();
  }
  expect(told).toEqual(missed);
});
