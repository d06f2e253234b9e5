import * as v from "valibot";
import { anyRecord, finite } from "../../actors/data/index.ts";
import type { RegistryConnection, RegistryNode } from "../../actors/registry/index.ts";

/** The number that `run.status` is versioned by: a field never changes its meaning within it. */
export const statusSchema = 1;

/** One process, agent or machine of a run. */
export type TreeNode = RegistryNode;

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
  /** Agents that were started so far, those that are gone among them. */
  readonly agents?: number | undefined;
  /** The cost of their models so far, in US dollars; 0 or absent where no harness tells. */
  readonly cost?: number | undefined;
  /** The reason why the run cannot write its journal at present, in words for a person. */
  readonly problem?: string | undefined;
}

/** The whole of a run, or of one subtree. */
export interface RunStatus {
  readonly schema: typeof statusSchema;
  /** The run's own wall clock when this was taken; ages are counted from it. */
  readonly at: number;
  readonly run: RunFacts;
  /** The nodes in start order, a parent before its children. */
  readonly nodes: readonly TreeNode[];
  readonly connections: readonly RegistryConnection[];
  readonly endpoints: readonly EndpointNode[];
}

/** A part of a status; ask again with `cursor: next` until there is no `next`. */
export interface StatusPage extends RunStatus {
  readonly next?: string | undefined;
}

/** A run as it knows itself; the verb adds schema and time. */
export type RunSnapshot = Omit<RunStatus, "schema" | "at">;

export const treeNode: v.GenericSchema<TreeNode> = v.object({
  path: v.string(),
  kind: v.string(),
  state: v.string(),
  epoch: finite,
  since: finite,
  restarts: finite,
  summary: v.optional(v.string()),
  facts: v.optional(anyRecord),
});

export const connection: v.GenericSchema<RegistryConnection> = v.object({
  from: v.string(),
  to: v.string(),
});

export const statusPage: v.GenericSchema<StatusPage> = v.object({
  schema: v.literal(statusSchema),
  at: finite,
  run: v.object({
    id: v.string(),
    program: v.string(),
    pid: finite,
    startedAt: finite,
    logDir: v.string(),
    agents: v.optional(finite),
    cost: v.optional(finite),
    problem: v.optional(v.string()),
  }),
  nodes: v.array(treeNode),
  connections: v.array(connection),
  endpoints: v.array(
    v.object({
      path: v.string(),
      name: v.string(),
      description: v.optional(v.string()),
      parameters: v.optional(anyRecord),
    }),
  ),
  next: v.optional(v.string()),
});
