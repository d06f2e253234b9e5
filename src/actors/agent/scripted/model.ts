import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { checkOptions } from "../../../options.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { type ModelRequest, readModelRequest } from "./model-request.ts";
import { directedScript, haikuScript, type ModelScript, type ReplyStep } from "./model-script.ts";
import { CompletionStream } from "./model-stream.ts";

export type { ModelRequest } from "./model-request.ts";
export type { ModelScript } from "./model-script.ts";

export interface ScriptedModelOptions {
  /** The answers of the model. Default: `!` lines in the prompt; without any, it writes haikus and calls `finish`. */
  readonly script?: ModelScript | undefined;
  /** The clock of its sleeps. Default: the machine's own time. */
  readonly clock?: Clock | undefined;
}

/** A language model that says what a test wrote: an HTTP server on loopback that costs nothing. */
export interface ScriptedModel extends AsyncDisposable {
  /** The model's name for `--model` and `agent(..., { model })`. */
  readonly name: "scripted/model";
  /** The address of its server; OpenAI's chat completions are under `/v1`. */
  readonly url: string;
  /** The requests so far, oldest first; the last 1,000 are kept. */
  readonly requests: readonly ModelRequest[];
  /** The text of a `models.json` that names this server, for pi. */
  modelsJson(): string;
  /** Write a directory that `PI_CODING_AGENT_DIR` may name: this model, no retries, nothing else. Resolves with `path`. */
  agentDir(path: string): Promise<string>;
  /** Stop listening and cut what is still open. Idempotent. */
  close(): Promise<void>;
}

const keptRequests = 1_000;
const maxBodyBytes = 64 * 1_048_576;

/**
 * Start a scripted model.
 *
 * @example
 * await using model = await scriptedModel((request) => [{ type: "say", text: "hello" }]);
 * piHarness({ agentDir: await model.agentDir(directory) });
 */
export async function scriptedModel(
  options: ModelScript | ScriptedModelOptions = {},
): Promise<ScriptedModel> {
  if (typeof options !== "function") {
    checkOptions<ScriptedModelOptions>("scriptedModel()", options, {
      script: "function",
      clock: "object",
    });
  }
  const { script, clock } = typeof options === "function" ? { script: options } : options;
  const requests: ModelRequest[] = [];
  const player = new Player(
    script ?? directedScript(haikuScript()),
    clock ?? systemClock,
    requests,
  );
  const server = createServer((request, response) => {
    player.serve(request, response).catch(() => response.destroy());
  });
  const url = await listen(server);
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  return {
    name: "scripted/model",
    url,
    requests,
    modelsJson: () => modelsJson(url),
    agentDir: (path) => writeAgentDir(path, url),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      resolve(`http://127.0.0.1:${port}`);
    });
  });
}

function modelsJson(url: string): string {
  const scripted = {
    baseUrl: `${url}/v1`,
    api: "openai-completions",
    apiKey: "scripted",
    compat: { supportsDeveloperRole: false, supportsReasoningEffort: false },
    models: [{ id: "model", contextWindow: 200_000, maxTokens: 16_000 }],
  };
  return JSON.stringify({ providers: { scripted } }, undefined, 2);
}

async function writeAgentDir(path: string, url: string): Promise<string> {
  const settings = {
    defaultProvider: "scripted",
    defaultModel: "model",
    quietStartup: true,
    collapseChangelog: true,
    enableInstallTelemetry: false,
    retry: { enabled: false, maxRetries: 0, provider: { maxRetries: 0 } },
  };
  await mkdir(path, { recursive: true, mode: 0o700 });
  await writeFile(join(path, "models.json"), modelsJson(url), { mode: 0o600 });
  await writeFile(join(path, "settings.json"), JSON.stringify(settings), { mode: 0o600 });
  return path;
}

/** Reads requests and plays the script's steps. */
class Player {
  readonly #script: ModelScript;
  readonly #clock: Clock;
  readonly #requests: ModelRequest[];
  #asked = 0;

  constructor(script: ModelScript, clock: Clock, requests: ModelRequest[]) {
    this.#script = script;
    this.#clock = clock;
    this.#requests = requests;
  }

  async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    if (incoming.method !== "POST" || !incoming.url?.endsWith("/chat/completions")) {
      response.writeHead(404).end();
      return;
    }
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const body = await bodyOf(incoming);
    const request = readModelRequest(body, this.#asked++, gone.signal);
    this.#requests.push(request);
    if (this.#requests.length > keptRequests) this.#requests.shift();
    const stream = new CompletionStream(response, `scripted-${request.index}`, body.length);
    for (const step of await this.#script(request)) {
      if (gone.signal.aborted || !(await this.#play(step, stream, gone.signal))) return;
    }
    stream.end();
  }

  /** Resolves with whether the reply goes on. */
  async #play(step: ReplyStep, stream: CompletionStream, signal: AbortSignal): Promise<boolean> {
    switch (step.type) {
      case "say":
        stream.text(step.text);
        return true;
      case "stream":
        for (const piece of pieces(step.text, step.chunks)) {
          stream.text(piece);
          if (!(await this.#sleep(step.gapMs, signal))) return false;
        }
        return true;
      case "call":
        stream.call(step.tool, step.args, step.id);
        return true;
      case "sleep":
        return this.#sleep(step.ms, signal);
      case "do":
        await step.action();
        return true;
      case "status":
        stream.fail(step.status, step.message ?? `scripted status ${step.status}`, head(step));
        return false;
      case "end":
        stream.end(step.reason);
        return false;
      case "cut":
        stream.cut();
        return false;
    }
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<boolean> {
    if (ms <= 0) return true;
    return this.#clock.sleep(ms, { signal }).then(
      () => true,
      () => false,
    );
  }
}

function head({ retryAfterS, headers }: Extract<ReplyStep, { type: "status" }>) {
  return retryAfterS === undefined
    ? { ...headers }
    : { ...headers, "retry-after": String(retryAfterS) };
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxBodyBytes) throw new RangeError("a request to the scripted model over 64 MiB");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString();
}

function pieces(text: string, count: number): readonly string[] {
  const size = Math.max(1, Math.ceil(text.length / Math.max(1, count)));
  const cut: string[] = [];
  for (let at = 0; at < text.length; at += size) cut.push(text.slice(at, at + size));
  return cut;
}
