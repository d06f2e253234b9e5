import type { Argv } from "../../../machines/machine.ts";
import type { Reply } from "../../kernel/index.ts";
import type { FromAgent, HarnessExit, Link } from "../wire/index.ts";
import type { Turn } from "./outbox.ts";

export type HelloFrame = Extract<FromAgent, { type: "hello" }>;

/** The messages that an agent's actor takes. */
export type AgentMessage =
  /** The outbox has something to take. */
  | { readonly type: "deliver" }
  /** A tool was added or withdrawn. */
  | { readonly type: "tools-changed" }
  /** End the turn that runs. */
  | { readonly type: "interrupt" }
  /** Tell the command that shows the agent in a person's terminal. */
  | { readonly type: "attach"; readonly readOnly: boolean; readonly reply: Reply<Argv> }
  /** Something happened outside to one incarnation; a message about an earlier epoch is dropped. */
  | { readonly type: "happened"; readonly epoch: number; readonly what: Happening }
  /** The link is lost for the grace. */
  | { readonly type: "grace-over" }
  /** The wait after a refused message is over. */
  | { readonly type: "retry-delivery" }
  /** A call of a tool has run for so long that the agent is shown as waiting. */
  | { readonly type: "tool-slow" }
  /** The wait for a model that failed is over. */
  | { readonly type: "model-retry" }
  /** The wait for a provider that failed others is over. */
  | { readonly type: "provider-over" }
  /** Time to check whether the agent is stuck. */
  | { readonly type: "progress-due" };

/** Something that happened outside to one incarnation. */
export type Happening =
  /** A link was opened, and its hello passed. */
  | { readonly type: "linked"; readonly link: Link; readonly hello: HelloFrame }
  /** A frame came in over the open link. */
  | { readonly type: "frame"; readonly frame: FromAgent }
  /** The link closed, and no newer one is open. */
  | { readonly type: "unlinked" }
  /** The machine was asked whether the process lives. */
  | { readonly type: "probed"; readonly alive: boolean }
  /** This host has a copy of the conversation with this message in it. */
  | { readonly type: "kept"; readonly id: string }
  /** This host has a copy of the conversation with the answer to these messages in it, or cannot get one. */
  | { readonly type: "answer-kept"; readonly messageIds: readonly string[]; readonly turn: Turn }
  /** The process of the harness ended. */
  | { readonly type: "harness-exited"; readonly exit: HarnessExit };
