import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type ScriptedModel, scriptedModel } from "../../../../src/actors/agent/scripted/model.ts";

interface Answer {
  readonly text: string;
  readonly calls: readonly { readonly id: string; readonly tool: string; readonly args: string }[];
  readonly finish: string;
}

const finishTool = {
  type: "function",
  function: {
    name: "finish",
    parameters: {
      type: "object",
      properties: {
        haikus: { type: "array", items: { type: "string" } },
        count: { type: "number" },
      },
    },
  },
};
const bashTool = { type: "function", function: { name: "bash", parameters: { type: "object" } } };

function ask(model: ScriptedModel, messages: readonly object[], tools: readonly object[] = []) {
  const body = JSON.stringify({ model: "model", stream: true, messages, tools });
  return fetch(`${model.url}/v1/chat/completions`, { method: "POST", body });
}

async function answerTo(...asked: Parameters<typeof ask>): Promise<Answer> {
  const lines = (await (await ask(...asked)).text()).split("\n\n").filter(Boolean);
  expect(lines.at(-1)).toBe("data: [DONE]");
  const chunks = lines.slice(0, -1).map((line) => JSON.parse(line.slice(6)));
  const choices = chunks.flatMap(({ choices }) => choices);
  const calls = choices.flatMap(({ delta }) => delta.tool_calls ?? []);
  return {
    text: choices.map(({ delta }) => delta.content ?? "").join(""),
    calls: calls
      .filter(({ id }) => id)
      .map(({ id, index, function: { name } }) => ({
        id,
        tool: name,
        args: calls.filter((call) => call.index === index).at(-1).function.arguments,
      })),
    finish: choices.at(-1).finish_reason,
  };
}

const user = (content: string) => ({ role: "user", content });

describe("a scripted model", () => {
  it("a scripted model obeys the lines of the prompt, one reply after the other", async () => {
    await using model = await scriptedModel();
    const prompt = user('please\n!stream 3 1 abcdef\n!call finish {"n":1}\n!next\n!say bye');
    const first = await answerTo(model, [prompt]);
    expect(first).toMatchObject({ text: "abcdef", finish: "tool_calls" });
    expect(first.calls).toEqual([{ id: expect.any(String), tool: "finish", args: '{"n":1}' }]);
    const after = [prompt, { role: "assistant", content: "abcdef" }];
    expect(await answerTo(model, after)).toMatchObject({ text: "bye", finish: "stop", calls: [] });
    const last = [...after, { role: "assistant", content: "bye" }];
    expect(await answerTo(model, last)).toMatchObject({ text: "ok" });
    expect(model.requests.map(({ index }) => index)).toEqual([0, 1, 2]);
  });

  it("a scripted model obeys a tool's result, and parts of a message as one text", async () => {
    await using model = await scriptedModel();
    const parts = [{ type: "text", text: "!call x" }];
    const result = { role: "tool", tool_call_id: "c1", content: "!say from the result" };
    const answer = await answerTo(model, [{ role: "user", content: parts }, result]);
    expect(answer.text).toBe("from the result");
    expect(model.requests[0]?.messages[1]).toMatchObject({ role: "tool", callId: "c1" });
  });

  it("a scripted model answers with a status, or breaks off", async () => {
    await using model = await scriptedModel();
    const refused = await ask(model, [user("!status 503")]);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ error: { code: 503 } });
    await expect(ask(model, [user("!say half\n!cut")]).then((it) => it.text())).rejects.toThrow();
    expect((await fetch(`${model.url}/other`)).status).toBe(404);
  });

  it("a scripted model asks a function, which may act in the middle of a reply", async () => {
    const acted: string[] = [];
    await using model = await scriptedModel(({ messages }) => [
      { type: "say", text: `heard ${messages[0]?.text}` },
      { type: "do", action: () => void acted.push("now") },
    ]);
    expect((await answerTo(model, [user("you")])).text).toBe("heard you");
    expect(acted).toEqual(["now"]);
  });

  it("a scripted model is cut off in the middle of a sleep when it closes", async () => {
    const model = await scriptedModel();
    const answer = ask(model, [user("!say a\n!sleep 600000")]).then((it) => it.text());
    const failed = expect(answer).rejects.toThrow();
    while (model.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await model.close();
    await failed;
    await expect(fetch(model.url)).rejects.toThrow();
  });

  it("a scripted model writes a directory that makes pi use it and nothing else", async () => {
    await using model = await scriptedModel();
    const root = await mkdtemp(join(tmpdir(), "rm-"));
    const directory = await model.agentDir(join(root, "agent"));
    const models = JSON.parse(await readFile(join(directory, "models.json"), "utf8"));
    expect(models.providers.scripted.baseUrl).toBe(`${model.url}/v1`);
    const settings = JSON.parse(await readFile(join(directory, "settings.json"), "utf8"));
    expect(settings).toMatchObject({ retry: { enabled: false }, defaultModel: "model" });
    await rm(root, { recursive: true });
  });
});

describe("without directives", () => {
  it("a scripted model without directives writes the haikus over several turns and hands in what the conversation holds", async () => {
    await using model = await scriptedModel();
    const conversation: object[] = [user("write 10 diverse haikus about git rebase")];
    const turns: Answer[] = [];
    while (turns.at(-1)?.calls[0]?.tool !== "finish" && turns.length < 10) {
      const turn = await answerTo(model, conversation, [bashTool, finishTool]);
      turns.push(turn);
      conversation.push({ role: "assistant", content: turn.text }, { role: "tool", content: "" });
    }
    expect(turns.map(({ calls }) => calls[0]?.tool)).toEqual([...Array(4).fill("bash"), "finish"]);
    const { haikus, count } = JSON.parse(turns.at(-1)?.calls[0]?.args ?? "{}");
    const written = turns.flatMap(({ text }) => text.split("\n")).filter(Boolean);
    expect(haikus).toEqual(written);
    expect(count).toBe(10);
  });
});
