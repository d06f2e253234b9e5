import type { ProcessScope } from "../process/index.ts";
import { entryOf } from "./agent-entry.ts";
import { mayBeAnswered } from "./route.ts";

/**
 * Look, a moment later, which agents are idle while their process waits.
 *
 * An agent that rests without the tool that its process waits for has an event `tool-missed`, and is
 * reminded when it has `nudge`. When nothing is left that could call `done`, the process emits
 * `quiescent`: its body waits, every agent is idle with no message under way and no reminder to come,
 * and nobody is at work who could answer one of them.
 */
export function lookAtRest(scope: ProcessScope): void {
  queueMicrotask(() => consider(scope));
}

function consider(scope: ProcessScope): void {
  if (scope.closed || scope.signal.aborted || !scope.outcome.isAwaited) return;
  const entries = [...scope.record.agents.values()].map(entryOf);
  for (const { rest } of entries) rest.tell();
  const isNews = entries.some(({ rest }) => rest.hasNews);
  const allRest = isNews && entries.every(({ isAtRest }) => isAtRest);
  const steps = entries.map(({ rest }) => rest.remind(allRest));
  const failure = entries
    .flatMap(({ rest }, at) => rest.failureAfter(steps[at] ?? "none"))
    .find(Boolean);
  if (failure !== undefined) {
    scope.outcome.fail(scope.record.path, failure);
    return;
  }
  if (!allRest || steps.includes("reminded") || entries.some(mayBeAnswered)) return;
  for (const { rest } of entries) rest.settle();
  scope.record.emit("quiescent", { agents: entries.map(({ name }) => name) });
}
