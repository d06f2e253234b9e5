import type { Clock } from "../../actors/clock.ts";
import { Fields } from "../../actors/data/index.ts";
import { ControlError } from "./error.ts";
import type { ControlHandlers, RunSnapshot, TreeChange } from "./handlers.ts";
import { isNodeWithin, nearNames, resolveAddress } from "./resolve-address.ts";
import { fittingParts, type StatusPages } from "./status-pages.ts";
import {
  type CallParams,
  type ControlMethod,
  type EventsParams,
  itemMethods,
  type ParamsOf,
  type ResultOf,
  type SendParams,
  type ShellParams,
  type StatusParams,
  statusSchema,
  type TreeNode,
  type TreeUpdate,
  type WatchParams,
} from "./types.ts";
import { itemWire, paramsWire, resultWire } from "./wire.ts";

/** What a verb has at hand while it serves one request. */
export interface VerbContext {
  readonly handlers: ControlHandlers;
  readonly clock: Clock;
  readonly pages: StatusPages;
  readonly signal: AbortSignal;
  /** Send one notification of a stream; resolves when the client has room for more. */
  item(method: string, item: unknown): Promise<void>;
}

type Verbs = {
  readonly [Method in ControlMethod]: (
    params: ParamsOf<Method>,
    context: VerbContext,
  ) => Promise<ResultOf<Method>>;
};

/** Read what one request asks, do it, and make the result ready for JSON. Rejects with whatever the handler threw. */
export async function perform<Method extends ControlMethod>(
  method: Method,
  params: unknown,
  context: VerbContext,
): Promise<unknown> {
  const verb: Verbs[Method] = verbs[method];
  const result = await verb(paramsWire(method).read(new Fields(params, method)), context);
  return resultWire(method).write(result);
}

const verbs: Verbs = {
  "run.status": async (params, context) =>
    params.cursor === undefined
      ? context.pages.first(await statusOf(params, context), params.limit)
      : context.pages.next(params.cursor),
  "message.send": sendMessage,
  "agent.attach": async ({ to, readOnly }, context) => {
    const { path } = await find(to, ["agent"], context);
    const { argv } = await context.handlers.attach({ path, readOnly }, context.signal);
    return { path, argv };
  },
  "machine.shell": openShell,
  "endpoint.call": callEndpoint,
  "events.follow": followEvents,
  "tree.watch": watchTree,
  "run.stop": async ({ kill }, { handlers, signal }) => {
    await handlers.stop({ kill }, signal);
    return undefined;
  },
};

async function statusOf({ to }: StatusParams, { handlers, clock, signal }: VerbContext) {
  const snapshot = await handlers.status(signal);
  const { path } = to === undefined ? { path: undefined } : resolveAddress(snapshot.nodes, to);
  const inside = (each: { readonly path: string }) => isNodeWithin(each.path, path);
  return {
    schema: statusSchema,
    at: clock.wallNow(),
    run: snapshot.run,
    nodes: snapshot.nodes.filter(inside),
    connections: snapshot.connections.filter(
      ({ from, to }) => isNodeWithin(from, path) || isNodeWithin(to, path),
    ),
    endpoints: snapshot.endpoints.filter(inside),
  } as const;
}

async function sendMessage({ to, message: given, typed }: SendParams, context: VerbContext) {
  const { path, kind } = await find(to, ["process", "agent"], context);
  const message = typed && kind === "process" ? asTyped(given) : given;
  if (kind === "agent" && typeof message !== "string") {
    throw new ControlError("bad-request", `${path} is an agent, and takes only text.`);
  }
  const { id } = await context.handlers.send({ path, kind, message }, context.signal);
  return { path, id };
}

function asTyped(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return text;
  }
}

async function openShell({ to, command }: ShellParams, context: VerbContext) {
  const { path, kind } =
    to === undefined ? await onlyMachine(context) : await find(to, ["machine", "agent"], context);
  const { argv } = await context.handlers.shell({ path, kind, command }, context.signal);
  return { path, argv };
}

async function callEndpoint(params: CallParams, context: VerbContext) {
  const { handlers, signal } = context;
  const snapshot = await handlers.status(signal);
  const { path } =
    params.to === undefined
      ? rootOf(snapshot)
      : resolveAddress(snapshot.nodes, params.to, ["process"]);
  const exposed = snapshot.endpoints.filter((each) => each.path === path);
  const listed = exposed.find((each) => each.name === params.endpoint);
  const args = params.args ?? (listed?.parameters ? {} : undefined);
  const request = { path, endpoint: params.endpoint, args, timeoutMs: params.timeoutMs };
  try {
    return { path, value: await handlers.call(request, signal) };
  } catch (error) {
    if (listed || signal.aborted) throw error;
    throw noEndpoint(path, params.endpoint, { names: exposed.map((each) => each.name), error });
  }
}

async function followEvents(params: EventsParams, context: VerbContext): Promise<undefined> {
  const { to, ...rest } = params;
  const path = to === undefined ? undefined : (await find(to, [], context)).path;
  const write = itemWire("events.follow").write;
  for await (const event of context.handlers.events({ path, ...rest }, context.signal)) {
    await context.item(itemMethods["events.follow"], write(event));
  }
  return undefined;
}

async function watchTree({ to }: WatchParams, context: VerbContext): Promise<undefined> {
  const path = to === undefined ? undefined : (await find(to, [], context)).path;
  for await (const change of context.handlers.watch(context.signal)) {
    for (const update of updatesOf(change, path)) {
      await context.item(itemMethods["tree.watch"], update);
    }
  }
  return undefined;
}

function updatesOf(change: TreeChange, below: string | undefined): readonly TreeUpdate[] {
  if (change.type === "removed") {
    return isNodeWithin(change.path, below) ? [{ nodes: [], removed: [change.path] }] : [];
  }
  const changed = change.type === "changed" ? [change.node] : change.snapshot.nodes;
  const nodes = changed.filter((node) => isNodeWithin(node.path, below));
  if (change.type === "changed" && nodes.length === 0) return [];
  return fittingParts(nodes).map((part, index) => ({
    ...(change.type === "snapshot" && index === 0 ? { reset: true as const } : {}),
    nodes: part,
    removed: [],
  }));
}

async function find(to: string, kinds: readonly string[], context: VerbContext): Promise<TreeNode> {
  const { nodes } = await context.handlers.status(context.signal);
  return resolveAddress(nodes, to, kinds);
}

async function onlyMachine({ handlers, signal }: VerbContext): Promise<TreeNode> {
  const { nodes } = await handlers.status(signal);
  const machines = nodes.filter((node) => node.kind === "machine" && node.state !== "stopped");
  const [machine, another] = machines;
  if (!machine) throw new ControlError("not-found", "This run has no machine now.");
  if (!another) return machine;
  throw new ControlError("ambiguous", `This run has ${machines.length} machines.`, {
    candidates: machines.slice(0, 10).map((each) => each.path),
    hint: "Name one of them, or an agent that lives there.",
  });
}

function rootOf({ nodes }: RunSnapshot): { readonly path: string } {
  const [root] = nodes;
  if (root) return root;
  throw new ControlError("wrong-state", "This run has no process yet; try again.");
}

function noEndpoint(
  path: string,
  name: string,
  { names, error }: { readonly names: readonly string[]; readonly error: unknown },
): ControlError {
  const near = nearNames(name, names);
  const why =
    names.length > 0 ? `It exposes ${names.slice(0, 20).join(", ")}.` : "It exposes none.";
  return new ControlError(
    "not-found",
    `${path} has no endpoint ${JSON.stringify(name)}.`,
    { why, near },
    { cause: error },
  );
}
