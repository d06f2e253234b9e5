import { expect, it } from "vitest";
import { AgentWords } from "../../../src/supervisors/agents/agent-words.ts";

it.each([
  [
    "the name alone, when nobody else has it",
    ["/main/worker", "/main/t1/reviewer"],
    ["worker", "reviewer"],
  ],
  [
    "the shortest end of its path that nobody before it has",
    ["/main/worker", "/main/sub-2/worker", "/main/a/run/worker", "/main/b/run/worker"],
    ["worker", "sub-2/worker", "run/worker", "b/run/worker"],
  ],
  [
    "no end that one before it has as well",
    ["/main/t1/run/worker", "/main/t2/run/worker"],
    ["worker", "t2/run/worker"],
  ],
  [
    "a number, when it comes to a place where another agent was",
    ["/main/t1/worker", "/main/t2/worker", "/main/t2/worker", "/main/t1/worker", "/main/t2/worker"],
    ["worker", "t2/worker", "t2/worker#2", "worker#2", "t2/worker#3"],
  ],
  [
    "a number, when every end of its path is an end of another's",
    ["/main/x/main/worker", "/main/worker", "/main/worker"],
    ["worker", "main/worker#2", "main/worker#2#2"],
  ],
])("an agent's word is %s", (_, paths, words) => {
  const all = new AgentWords();
  expect(paths.map((path) => all.next(path))).toEqual(words);
});
