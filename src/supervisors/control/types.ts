/*
 * What a run and its control clients say to each other: JSON-RPC 2.0, one message a line.
 * A stream is a request that stays open: its notifications carry the request's id, and its
 * response comes when the stream has ended. The notification `cancel` ends any open request.
 */

/** The most that one line may hold, in bytes of UTF-8, its end of line left out. */
export const maxLineBytes = 1_048_576;

/** What `run.status` is versioned by: a field never changes its meaning within a number. */
export const statusSchema = 1;

/** One process, agent or machine of a run. */
export interface TreeNode {
  readonly path: string;
  /** `process`, `agent`, `machine`. */
  readonly kind: string;
  readonly state: string;
  readonly epoch: number;
  /** When it came into this state, in ms since 1970. */
  readonly since: number;
  readonly restarts: number;
  readonly summary?: string | undefined;
  /** More facts by name; JSON values. */
  readonly facts?: Readonly<Record<string, unknown>> | undefined;
}

export interface Connection {
  readonly from: string;
  readonly to: string;
}

/** An endpoint that can be called now. */
export interface EndpointNode {
  /** The process that exposes it. */
  readonly path: string;
  readonly name: string;
  readonly description?: string | undefined;
  /** JSON Schema of the arguments; absent: it takes none. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
}

export interface RunFacts {
  readonly id: string;
  readonly program: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly logDir: string;
  /** What keeps the run from writing its journal at present, in words for a person. */
  readonly problem?: string | undefined;
}

/** The whole of a run, or of one subtree. */
export interface RunStatus {
  readonly schema: typeof statusSchema;
  /** The run's own wall clock when this was taken; ages are counted from it. */
  readonly at: number;
  readonly run: RunFacts;
  /** In start order, a parent before its children. */
  readonly nodes: readonly TreeNode[];
  readonly connections: readonly Connection[];
  readonly endpoints: readonly EndpointNode[];
}

/** A part of a status; ask again with `cursor: next` until there is no `next`. */
export interface StatusPage extends RunStatus {
  readonly next?: string | undefined;
}

/** One entry of the run's journal, as a follower sees it. */
export interface ControlEvent {
  /** Its place in the run's journal. */
  readonly seq: number;
  /** Wall-clock ms since 1970. */
  readonly at: number;
  readonly path: string;
  readonly epoch: number;
  readonly type: string;
  readonly data?: unknown;
}

/** A change of the tree; `reset` says that what was known before is void. */
export interface TreeUpdate {
  readonly reset?: true | undefined;
  readonly nodes: readonly TreeNode[];
  readonly removed: readonly string[];
}

export interface StatusParams {
  /** Only this node and what is below it. Default: the whole run. */
  readonly to?: string | undefined;
  readonly cursor?: string | undefined;
  /** Entries in a page. Default: 500. */
  readonly limit?: number | undefined;
}

export interface SendParams {
  readonly to: string;
  readonly message: unknown;
  /** The message is text that a person typed: a process gets what it says as JSON, where it is JSON. */
  readonly typed?: boolean | undefined;
}

export interface AttachParams {
  readonly to: string;
  readonly readOnly: boolean;
}

export interface ShellParams {
  /** A machine, or an agent for the one it lives on. Default: the run's only machine. */
  readonly to?: string | undefined;
  /** Default: an interactive shell. */
  readonly command?: readonly string[] | undefined;
}

export interface CallParams {
  /** Default: the root process. */
  readonly to?: string | undefined;
  readonly endpoint: string;
  readonly args: unknown;
  /** How long the endpoint may take. Default: 120_000; 0: no limit. */
  readonly timeoutMs?: number | undefined;
}

export interface EventsParams {
  /** Only events of this node and of what is below it. */
  readonly to?: string | undefined;
  /** The first `seq` wanted. Default: the run's first. */
  readonly from?: number | undefined;
  readonly types?: readonly string[] | undefined;
  /** Wait for more at the end instead of ending. */
  readonly follow: boolean;
}

export interface WatchParams {
  readonly to?: string | undefined;
}

export interface StopParams {
  /** Kill instead of asking to stop. */
  readonly kill: boolean;
}

export interface SendResult {
  readonly path: string;
  /** The message's id in an agent's outbox. */
  readonly id?: string | undefined;
}

export interface ArgvResult {
  readonly path: string;
  /** What a person's terminal runs. */
  readonly argv: readonly string[];
}

export interface CallResult {
  readonly path: string;
  readonly value: unknown;
}

/** Parameters and result of every method, as both sides see them past the door. */
export interface ControlMethods {
  "run.status": { readonly params: StatusParams; readonly result: StatusPage };
  "message.send": { readonly params: SendParams; readonly result: SendResult };
  "agent.attach": { readonly params: AttachParams; readonly result: ArgvResult };
  "machine.shell": { readonly params: ShellParams; readonly result: ArgvResult };
  "endpoint.call": { readonly params: CallParams; readonly result: CallResult };
  "events.follow": { readonly params: EventsParams; readonly result: undefined };
  "tree.watch": { readonly params: WatchParams; readonly result: undefined };
  "run.stop": { readonly params: StopParams; readonly result: undefined };
}

export type ControlMethod = keyof ControlMethods;
export type ParamsOf<Method extends ControlMethod> = ControlMethods[Method]["params"];
export type ResultOf<Method extends ControlMethod> = ControlMethods[Method]["result"];

/** What a notification of a stream holds. */
export interface ControlStreams {
  "events.follow": ControlEvent;
  "tree.watch": TreeUpdate;
}

export type StreamMethod = keyof ControlStreams;

/** The names of the notifications. */
export const itemMethods: Readonly<Record<StreamMethod, string>> = {
  "events.follow": "event",
  "tree.watch": "tree",
};
