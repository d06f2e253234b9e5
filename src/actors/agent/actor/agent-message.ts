import type { Argv } from "../../../machines/machine.ts";
import type { Reply } from "../../kernel/index.ts";
import type { FromAgent, HarnessExit, Link } from "../wire/index.ts";

export type Hello = Extract<FromAgent, { type: "hello" }>;

/** What an agent's actor is told. */
export type AgentMessage =
  /** The outbox has something to take. */
  | { readonly type: "deliver" }
  /** A tool was added or withdrawn. */
  | { readonly type: "tools-changed" }
  /** Break off the turn that runs. */
  | { readonly type: "interrupt" }
  /** Tell what a person's terminal runs to see it. */
  | { readonly type: "attach"; readonly readOnly: boolean; readonly reply: Reply<Argv> }
  /** What happened on the outside to one incarnation; one of an earlier epoch is dropped. */
  | { readonly type: "happened"; readonly epoch: number; readonly what: Happening }
  | { readonly type: "grace-over" }
  | { readonly type: "retry-delivery" }
  | { readonly type: "tool-slow" }
  /** The wait for a model that failed is over. */
  | { readonly type: "model-retry" }
  /** The wait for a provider that failed others is over. */
  | { readonly type: "provider-over" }
  /** It may be at work without progress for too long. */
  | { readonly type: "progress-due" };

export type Happening =
  | { readonly type: "linked"; readonly link: Link; readonly hello: Hello }
  | { readonly type: "frame"; readonly link: Link; readonly frame: FromAgent }
  | { readonly type: "unlinked"; readonly link: Link }
  | { readonly type: "probed"; readonly alive: boolean }
  | { readonly type: "harness-exited"; readonly exit: HarnessExit };
