/*
 * One supervised worker: it writes haikus, hands them in with a tool, and is started again when it dies.
 *
 *   npx ramure demo                        a scripted model, and pi is killed once in mid-work
 *   npx ramure demo --no-crash             without the kill
 *   npx ramure demo --model provider/id    your own pi login, for example anthropic/claude-sonnet-4-5
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  type Agent,
  agent,
  agentProcess,
  currentRuntime,
  done,
  fail,
  piHarness,
  retry,
  wait,
} from "ramure";
import { scriptedModel } from "ramure/testing";
import { z } from "zod";

/** The process: what the worker may do is code, when it does it is the worker's choice. */
export const quickstart = agentProcess(async function quickstart(options: Options) {
  say(`run ${currentRuntime().id}`);
  const worker = await agent("worker", { model: options.model });
  worker.on(
    "finish",
    { description: "Hand in the haikus.", input: z.object({ haikus: z.array(z.string()) }) },
    ({ haikus }) => {
      done(haikus);
      return "Thank you.";
    },
  );
  worker.on(
    "give_up",
    { description: "Say why it cannot be done.", input: z.object({ reason: z.string() }) },
    ({ reason }) => fail(reason),
  );
  void narrate(worker, options);
  await worker.send("Write 10 diverse haikus about git rebase, a few at a time, then call finish.");
  return await wait<readonly string[]>();
});

/** The same, kept alive: up to 2 restarts of the whole process in 10 minutes, 1 s and 2 s apart. */
export const program = retry(quickstart, {
  maxRestarts: 2,
  withinMs: 600_000,
  backoff: { initialMs: 1_000, maxMs: 10_000 },
});

interface Options {
  /** `provider/id`. Default: what pi is configured for. */
  readonly model?: string | undefined;
  /** Kill pi after its second turn, to see it come back. */
  readonly crash?: boolean | undefined;
}

/** Tell what the worker does, and pull the plug once when asked to. */
async function narrate(worker: Agent, { crash = false }: Options): Promise<void> {
  say(`${worker.path} runs; in another terminal: ramure status, ramure connect worker`);
  let turns = 0;
  let pid = 0;
  for await (const { type, data, epoch } of worker.events) {
    const facts = data as Facts;
    if (type === "started") {
      pid = facts.pid;
      say(`worker started, epoch ${epoch}, session ${facts.session}, model ${facts.model}`);
    }
    if (type === "tool-started") say(`worker calls ${facts.tool}`);
    if (type === "exited" && facts.message !== undefined)
      say(`worker died: ${firstLine(facts.message)}`);
    if (type === "turn-ended") {
      turns += 1;
      if (facts.text !== "") say(`worker, turn ${turns}:\n${indented(facts.text)}`);
    }
    if (crash && type === "turn-ended" && turns === 2) {
      say(`killing pi, pid ${pid}, in mid-work`);
      process.kill(pid, "SIGKILL");
    }
  }
}

/** What the data of the events above holds. */
interface Facts {
  readonly pid: number;
  readonly session: string;
  readonly model: string;
  readonly text: string;
  readonly tool: string;
  readonly message?: string | undefined;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

function indented(text: string): string {
  return text.replace(/^/gm, "    ");
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Run it with a model that plays a script, at no cost and without a login. */
async function playScripted(options: Options): Promise<readonly string[]> {
  const directory = await mkdtemp(join(tmpdir(), "ramure-quickstart-"));
  await using model = await scriptedModel();
  try {
    const harness = piHarness({ agentDir: await model.agentDir(directory) });
    return await program.with({ harness })({ ...options, model: model.name });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      model: { type: "string" },
      crash: { type: "boolean" },
      "no-crash": { type: "boolean" },
    },
  });
  const scripted = values.model === undefined;
  const crash = values.crash ?? (scripted && !values["no-crash"]);
  say(
    scripted
      ? "This plays a scripted model. To use a real one add --model provider/id (your pi login)."
      : `This uses ${values.model} with your pi login.`,
  );
  const haikus = scripted ? await playScripted({ crash }) : await program({ ...values, crash });
  for (const haiku of haikus) process.stdout.write(`${haiku}\n`);
}

if (/quickstart\.\w+$/.test(process.argv[1] ?? "")) await main();
