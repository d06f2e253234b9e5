import type { Behavior, Ref, Reply } from "../kernel/index.ts";

/** What the registry knows of one process, agent or machine: plain data. */
export interface RegistryNode {
  readonly path: string;
  /** `process`, `agent`, `machine`. */
  readonly kind: string;
  readonly state: string;
  readonly epoch: number;
  /** When it came into this state, in ms since 1970. */
  readonly since: number;
  /** How often it was restarted. */
  readonly restarts: number;
  /** One line for people: what it works on, why it failed, when it tries again. */
  readonly summary?: string | undefined;
  /** More facts by name: the agent's machine, its session, its turns. JSON values. */
  readonly facts?: Readonly<Record<string, unknown>> | undefined;
}

export interface RegistryConnection {
  readonly from: string;
  readonly to: string;
}

export interface RegistrySnapshot {
  /** In start order, a parent before its children. */
  readonly nodes: readonly RegistryNode[];
  readonly connections: readonly RegistryConnection[];
}

export type RegistryMessage =
  /** Adds the node or replaces what was known of its path. */
  | { readonly type: "changed"; readonly node: RegistryNode }
  /** The actor and its name are gone for good. */
  | { readonly type: "removed"; readonly path: string }
  | { readonly type: "connected"; readonly connection: RegistryConnection }
  | { readonly type: "disconnected"; readonly connection: RegistryConnection }
  | { readonly type: "snapshot"; readonly reply: Reply<RegistrySnapshot> }
  /** Hear of every change until `cancel`; the first message is the snapshot. */
  | { readonly type: "watch"; readonly watcher: RegistryWatcher }
  | { readonly type: "unwatch"; readonly watcher: RegistryWatcher };

/** Hears of changes. Must not throw and must not wait. */
export type RegistryWatcher = (change: RegistryChange) => void;

export type RegistryChange =
  | { readonly type: "snapshot"; readonly snapshot: RegistrySnapshot }
  | { readonly type: "changed"; readonly node: RegistryNode }
  | { readonly type: "removed"; readonly path: string };

interface RegistryState {
  readonly nodes: Map<string, RegistryNode>;
  readonly connections: Map<string, RegistryConnection>;
  readonly watchers: Set<RegistryWatcher>;
}

/** Make the actor that knows the tree because it is told: it reads nobody's state. */
export function registryBehavior(): Behavior<RegistryMessage, RegistryState> {
  return {
    init: () => ({ nodes: new Map(), connections: new Map(), watchers: new Set() }),
    receive: (state, message) => {
      learn(state, message);
      answer(state, message);
      return state;
    },
  };
}

export type RegistryRef = Ref<RegistryMessage>;

function learn(state: RegistryState, message: RegistryMessage): void {
  if (message.type === "changed") state.nodes.set(message.node.path, message.node);
  if (message.type === "removed") forget(state, message.path);
  if (message.type === "connected")
    state.connections.set(edge(message.connection), message.connection);
  if (message.type === "disconnected") state.connections.delete(edge(message.connection));
  if (message.type === "changed" || message.type === "removed") {
    for (const watcher of state.watchers) watcher(message);
  }
}

function answer(state: RegistryState, message: RegistryMessage): void {
  if (message.type === "snapshot") message.reply.send(snapshotOf(state));
  if (message.type === "unwatch") state.watchers.delete(message.watcher);
  if (message.type === "watch") {
    state.watchers.add(message.watcher);
    message.watcher({ type: "snapshot", snapshot: snapshotOf(state) });
  }
}

function forget(state: RegistryState, path: string): void {
  state.nodes.delete(path);
  for (const [key, { from, to }] of state.connections) {
    if (from === path || to === path) state.connections.delete(key);
  }
}

function snapshotOf(state: RegistryState): RegistrySnapshot {
  return { nodes: [...state.nodes.values()], connections: [...state.connections.values()] };
}

function edge({ from, to }: RegistryConnection): string {
  return `${from} ${to}`;
}
