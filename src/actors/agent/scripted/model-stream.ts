import type { ServerResponse } from "node:http";
import type { Json } from "../wire/index.ts";

/** Writes one reply in the form that OpenAI's chat completions stream. */
export class CompletionStream {
  readonly #response: ServerResponse;
  readonly #id: string;
  readonly #promptLength: number;
  #calls = 0;
  #written = 0;

  constructor(response: ServerResponse, id: string, promptLength: number) {
    this.#response = response;
    this.#id = id;
    this.#promptLength = promptLength;
  }

  text(content: string): void {
    this.#written += content.length;
    this.#delta({ content });
  }

  call(tool: string, args: Json, id?: string): void {
    const index = this.#calls++;
    const callId = id ?? `call-${this.#id}-${index}`;
    const named = { index, id: callId, type: "function", function: { name: tool, arguments: "" } };
    this.#delta({ tool_calls: [named] });
    this.#delta({ tool_calls: [{ index, function: { arguments: JSON.stringify(args) } }] });
  }

  /** `reason` is why it ends. Default: as every reply does. */
  end(reason = this.#calls > 0 ? "tool_calls" : "stop"): void {
    this.#delta({}, reason);
    const [prompt, completion] = [this.#promptLength, this.#written].map((n) => Math.ceil(n / 4));
    this.#event({
      choices: [],
      usage: {
        prompt_tokens: prompt,
        completion_tokens: completion,
        total_tokens: Number(prompt) + Number(completion),
      },
    });
    this.#response.end("data: [DONE]\n\n");
  }

  /** Answer with an HTTP status; after the first text it is too late for one and the reply is cut. */
  fail(status: number, message: string, headers: Readonly<Record<string, string>>): void {
    if (this.#response.headersSent) {
      this.cut();
      return;
    }
    this.#response.writeHead(status, { ...headers, "content-type": "application/json" });
    this.#response.end(JSON.stringify({ error: { message, type: "scripted", code: status } }));
  }

  cut(): void {
    this.#response.destroy();
  }

  #delta(delta: object, finish: string | null = null): void {
    if (!this.#response.headersSent) this.#open();
    this.#event({ choices: [{ index: 0, delta, finish_reason: finish }] });
  }

  #open(): void {
    this.#response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-cache",
    });
    this.#delta({ role: "assistant", content: "" });
  }

  #event(fields: object): void {
    const base = { id: this.#id, object: "chat.completion.chunk", created: 0, model: "model" };
    this.#response.write(`data: ${JSON.stringify({ ...base, ...fields })}\n\n`);
  }
}
