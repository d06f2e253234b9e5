import { defineTool, jsonSchema, type Tool } from "../../actors/agent/tools/index.ts";

import type { Contacts } from "./contacts.ts";
import { ReachError } from "./errors.ts";
import { copyFile } from "./file-transfer.ts";
import { messageSent, type Peer, type Route } from "./route.ts";

/** Make the tools of an agent that may reach others. */
export function outgoingTools(from: Peer, contacts: Contacts): readonly Tool[] {
  return [messageTool(from, contacts), sendFileTool(contacts), listTool(contacts)];
}

/** Make the tools of an agent that others may reach: what they may send, it may fetch. */
export function incomingTools(_: Peer, contacts: Contacts): readonly Tool[] {
  return [downloadTool(contacts)];
}

/** Find a route by the word of the other agent. Unknown and out of reach are one answer, so that an agent does not learn which others exist. */
function routeBy(contacts: Contacts, word: string): Route {
  const found = contacts.get(word);
  if (found !== undefined) return found;
  throw new ReachError(word, contacts.words, contacts.hasEnded(word));
}

function messageTool(from: Peer, contacts: Contacts): Tool {
  const options = {
    description: "Send a message to another agent. It reads who sent it.",
    input: schemas().message,
  };
  return defineTool("message", options, async ({ receiver, message }) => {
    const route = routeBy(contacts, receiver);
    const waitMs = route.rate.take();
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1_000);
      return `Not sent: that were too many messages to ${receiver}; wait ${seconds} s, or go on without an answer.`;
    }
    await route.to.memory.outbox.enqueue(`[message from ${from.word}]\n${message}`, "follow-up");
    messageSent(route);
    return `Sent to ${receiver}.`;
  });
}

function listTool(contacts: Contacts): Tool {
  const description = "List the agents that you can reach.";
  return defineTool("list_agents", { description }, () => contacts.words);
}

function sendFileTool(contacts: Contacts): Tool {
  const options = {
    description:
      "Copy a file of yours to another agent's machine. Tell the agent with message where it is.",
    input: schemas().sendFile,
  };
  return defineTool("send_file", options, async (args, { signal }) => {
    const { from, to, maxFileBytes: maxBytes } = routeBy(contacts, args.receiver);
    const copied = await copyFile(
      { from, to },
      { path: args.path, destination: args.dest_path, maxBytes, signal },
    );
    const { path, bytes, sha256 } = copied;
    return `Sent to ${args.receiver} as ${path} (${bytes} bytes, sha256 ${sha256}).${apart(copied)}`;
  });
}

function downloadTool(contacts: Contacts): Tool {
  const options = {
    description: "Copy a file of another agent to your machine.",
    input: schemas().download,
  };
  return defineTool("download_file", options, async (args, { signal }) => {
    const { from, to, maxFileBytes: maxBytes } = routeBy(contacts, args.sender);
    const copied = await copyFile(
      { from, to },
      { path: args.path, destination: args.dest_path, maxBytes, signal },
    );
    const { path, bytes, sha256 } = copied;
    return `Copied from ${args.sender} to ${path} (${bytes} bytes, sha256 ${sha256}).${apart(copied)}`;
  });
}

function apart({ wanted }: { readonly wanted?: string | undefined }): string {
  return wanted === undefined ? "" : ` Nothing was replaced: there was a ${wanted} already.`;
}

interface FileArguments {
  readonly path: string;
  readonly dest_path?: string | undefined;
}

let made: ReturnType<typeof makeSchemas> | undefined;

/** Give the schemas of the tools, which are compiled once, when the first agents are connected. */
function schemas(): ReturnType<typeof makeSchemas> {
  made ??= makeSchemas();
  return made;
}

function makeSchemas() {
  const receiver = { type: "string", description: "The agent, as list_agents names it." };
  const sender = {
    type: "string",
    description: "The agent whose file it is, as it is named in its messages.",
  };
  const path = { type: "string", description: "The file, inside its owner's work directory." };
  const destination = (whose: string): object => ({
    type: "string",
    description: `Where to put it, inside ${whose} work directory. Default: inbox/{sender}/{file name}.`,
  });
  const object = <Input>(properties: object, required: readonly string[]) =>
    jsonSchema<Input>({ type: "object", properties, required, additionalProperties: false });
  return {
    message: object<{ readonly receiver: string; readonly message: string }>(
      { receiver, message: { type: "string" } },
      ["receiver", "message"],
    ),
    sendFile: object<FileArguments & { readonly receiver: string }>(
      { receiver, path, dest_path: destination("its") },
      ["receiver", "path"],
    ),
    download: object<FileArguments & { readonly sender: string }>(
      { sender, path, dest_path: destination("your") },
      ["sender", "path"],
    ),
  };
}
