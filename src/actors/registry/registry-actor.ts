import type { Behavior, Ref, Reply } from "../kernel/index.ts";

/** One process, agent or machine as the registry knows it: plain data. */
export interface RegistryNode {
  readonly path: string;
  /** `process`, `agent`, `machine`. */
  readonly kind: string;
  readonly state: string;
  readonly epoch: number;
  /** The time when it came into this state, in ms since 1970. */
  readonly since: number;
  /** The number of its restarts. */
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
  /** The nodes in start order, a parent before its children. */
  readonly nodes: readonly RegistryNode[];
  readonly connections: readonly RegistryConnection[];
}

export type RegistryMessage =
  /** Adds the node or replaces what was known of its path. */
  | { readonly type: "changed"; readonly node: RegistryNode }
  /** The actor, its name and everything below it are gone for good. */
  | { readonly type: "removed"; readonly path: string }
  /** One agent can reach another. */
  | { readonly type: "connected"; readonly connection: RegistryConnection }
  /** One agent can no longer reach another. */
  | { readonly type: "disconnected"; readonly connection: RegistryConnection }
  /** Give the whole tree. */
  | { readonly type: "snapshot"; readonly reply: Reply<RegistrySnapshot> }
  /** Call `listener` with every change until `cancel`; the first message is the snapshot. */
  | { readonly type: "watch"; readonly watcher: RegistryWatcher }
  /** End a watch. */
  | { readonly type: "unwatch"; readonly watcher: RegistryWatcher };

/** Called with each change. Must not throw and must not wait. */
export type RegistryWatcher = (change: RegistryChange) => void;

export type RegistryChange =
  /** The whole tree, as the first change of a watch. */
  | { readonly type: "snapshot"; readonly snapshot: RegistrySnapshot }
  /** A node is new, or has changed. */
  | { readonly type: "changed"; readonly node: RegistryNode }
  /** A node and everything below it are gone for good. */
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
      take(state, message);
      return state;
    },
  };
}

export type RegistryRef = Ref<RegistryMessage>;

function take(state: RegistryState, message: RegistryMessage): void {
  switch (message.type) {
    case "changed":
      state.nodes.set(message.node.path, message.node);
      tell(state, message);
      return;
    case "removed":
      for (const path of forget(state, message.path)) tell(state, { type: "removed", path });
      return;
    case "connected":
      state.connections.set(edge(message.connection), message.connection);
      return;
    case "disconnected":
      state.connections.delete(edge(message.connection));
      return;
    case "snapshot":
      message.reply.send(snapshotOf(state));
      return;
    case "watch":
      state.watchers.add(message.watcher);
      message.watcher({ type: "snapshot", snapshot: snapshotOf(state) });
      return;
    case "unwatch":
      state.watchers.delete(message.watcher);
      return;
    default:
      message satisfies never;
  }
}

function tell({ watchers }: RegistryState, change: RegistryChange): void {
  for (const watcher of watchers) watcher(change);
}

/** Forget a node and all below it, whose names were within it; give their paths, the node's first. */
function forget({ nodes, connections }: RegistryState, path: string): readonly string[] {
  const inside = (each: string): boolean => each === path || each.startsWith(`${path}/`);
  const gone = [path, ...[...nodes.keys()].filter((each) => each !== path && inside(each))];
  for (const each of gone) nodes.delete(each);
  for (const [key, { from, to }] of connections) {
    if (inside(from) || inside(to)) connections.delete(key);
  }
  return gone;
}

function snapshotOf(state: RegistryState): RegistrySnapshot {
  return { nodes: [...state.nodes.values()], connections: [...state.connections.values()] };
}

function edge({ from, to }: RegistryConnection): string {
  return `${from} ${to}`;
}
