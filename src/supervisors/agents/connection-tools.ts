import { defineTool, jsonSchema, type Tool } from "../../actors/agent/tools/index.ts";
import type { Agent } from "../process/index.ts";
import { ReachError } from "./errors.ts";
import { copyFile } from "./file-transfer.ts";
import type { RateLimit } from "./rate-limit.ts";

/** Whom an agent is connected with, and what may go between them. */
export interface Acquaintance {
  readonly agent: Agent;
  readonly maxFileBytes: number;
  readonly rate: RateLimit;
  close(): void;
}

type Known = ReadonlyMap<string, Acquaintance>;

/** The tools of an agent that may reach others. */
export function outgoingTools(from: Agent, known: Known): readonly Tool[] {
  return [messageTool(from, known), sendFileTool(from, known), listTool(known)];
}

/** The tool of an agent that others may reach: what they may send, it may fetch. */
export function incomingTools(to: Agent, known: Known): readonly Tool[] {
  return [downloadTool(to, known)];
}

/** Unknown and out of reach are one answer, so that nobody learns who else is there. */
function reach(known: Known, name: string): Acquaintance {
  const found = known.get(name);
  if (found !== undefined) return found;
  throw new ReachError(name, [...known.keys()]);
}

function messageTool(from: Agent, known: Known): Tool {
  const options = {
    description: "Send a message to another agent. It reads who sent it.",
    input: jsonSchema<{ readonly receiver: string; readonly message: string }>({
      type: "object",
      properties: { receiver, message: { type: "string" } },
      required: ["receiver", "message"],
      additionalProperties: false,
    }),
  };
  return defineTool("message", options, async ({ receiver, message }) => {
    const { agent, rate } = reach(known, receiver);
    const waitMs = rate.take();
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1_000);
      return `Not sent: that were too many messages to ${receiver}; wait ${seconds} s, or go on without an answer.`;
    }
    await agent.send(`[message from ${from.name}]\n${message}`);
    return `Sent to ${receiver}.`;
  });
}

function listTool(known: Known): Tool {
  return defineTool("list_agents", { description: "List the agents that you can reach." }, () => [
    ...known.keys(),
  ]);
}

function sendFileTool(from: Agent, known: Known): Tool {
  const options = {
    description:
      "Copy a file of yours to another agent's machine. Tell the agent with message where it is.",
    input: jsonSchema<FileArguments & { readonly receiver: string }>({
      type: "object",
      properties: { receiver, path, dest_path: destination("its") },
      required: ["receiver", "path"],
      additionalProperties: false,
    }),
  };
  return defineTool("send_file", options, async (args, { signal }) => {
    const { agent: to, maxFileBytes: maxBytes } = reach(known, args.receiver);
    const { path, bytes, sha256 } = await copyFile(
      { from, to },
      { path: args.path, destination: args.dest_path, maxBytes, signal },
    );
    return `Sent to ${args.receiver} as ${path} (${bytes} bytes, sha256 ${sha256}).`;
  });
}

function downloadTool(to: Agent, known: Known): Tool {
  const sender = { type: "string", description: "Name of the agent whose file it is." };
  const options = {
    description: "Copy a file of another agent to your machine.",
    input: jsonSchema<FileArguments & { readonly sender: string }>({
      type: "object",
      properties: { sender, path, dest_path: destination("your") },
      required: ["sender", "path"],
      additionalProperties: false,
    }),
  };
  return defineTool("download_file", options, async (args, { signal }) => {
    const { agent: from, maxFileBytes: maxBytes } = reach(known, args.sender);
    const copy = { path: args.path, destination: args.dest_path, maxBytes, signal };
    const { path, bytes, sha256 } = await copyFile({ from, to }, copy);
    return `Copied from ${args.sender} to ${path} (${bytes} bytes, sha256 ${sha256}).`;
  });
}

interface FileArguments {
  readonly path: string;
  readonly dest_path?: string | undefined;
}

const receiver = { type: "string", description: "Name of the agent." };
const path = { type: "string", description: "The file, inside its owner's work directory." };

function destination(whose: string): object {
  const description = `Where to put it, inside ${whose} work directory. Default: inbox/{sender}/{file name}.`;
  return { type: "string", description };
}
