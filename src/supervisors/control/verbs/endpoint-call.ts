import * as v from "valibot";
import { encodeValue, finite } from "../../../actors/data/index.ts";
import { nearNames } from "../../../names.ts";
import { resolveAddress } from "../address.ts";
import { carried } from "../carried.ts";
import { ControlError } from "../error.ts";
import type { EndpointNode, RunSnapshot } from "../run-status.ts";
import { destinationAt } from "../served-run.ts";
import { verb } from "../verb.ts";

/** Call an endpoint of a process. */
export const endpointCall = verb("endpoint.call", {
  params: v.object({
    /** Default: the root process. */
    to: v.optional(v.string()),
    endpoint: v.string(),
    args: carried,
    /** The longest call, in ms. Default: 120_000; 0: no limit. */
    timeoutMs: v.optional(finite),
  }),
  result: v.object({ path: v.string(), value: carried }),
  serve: async ({ to, endpoint, args: given, timeoutMs }, { run, signal, acts }) => {
    const snapshot = await run.snapshot();
    const path = to === undefined ? rootOf(snapshot) : processAt(snapshot, to);
    const exposed = snapshot.endpoints.filter((each) => each.path === path);
    const listed = exposed.find((each) => each.name === endpoint);
    const args = given ?? (listed?.parameters ? {} : undefined);
    const { call } = destinationAt(run, path);
    if (call === undefined) {
      throw new ControlError("wrong-state", `${path} has no endpoints; choose a process.`);
    }
    acts(path, { endpoint: endpoint.slice(0, longestName) });
    try {
      return { path, value: encodeValue(await call(endpoint, args, { timeoutMs, signal })) };
    } catch (error) {
      if (listed || signal.aborted) throw error;
      throw noEndpoint({ path, endpoint, exposed, snapshot }, error);
    }
  },
});

/** The characters that the journal keeps of a name that may be none. */
const longestName = 100;

function rootOf({ nodes: [root] }: RunSnapshot): string {
  if (root) return root.path;
  throw new ControlError("wrong-state", "This run has no process yet; try again.");
}

function processAt({ nodes }: RunSnapshot, to: string): string {
  return resolveAddress(nodes, to, ["process"]).path;
}

/** A path as one types it: below the root, the root goes without saying. */
function belowRoot(path: string, { nodes: [root] }: RunSnapshot): string {
  return root && path.startsWith(`${root.path}/`) ? path.slice(root.path.length + 1) : path;
}

function noEndpoint(
  asked: {
    readonly path: string;
    readonly endpoint: string;
    readonly exposed: readonly EndpointNode[];
    readonly snapshot: RunSnapshot;
  },
  cause: unknown,
): ControlError {
  const { path, endpoint, exposed, snapshot } = asked;
  const names = exposed.map((each) => each.name);
  const elsewhere = snapshot.endpoints
    .filter(({ name }) => name === endpoint)
    .map((each) => `${belowRoot(each.path, snapshot)}:${each.name}`);
  const near = elsewhere.length > 0 ? elsewhere.slice(0, 10) : nearNames(endpoint, names);
  const why =
    names.length > 0 ? `It exposes ${names.slice(0, 20).join(", ")}.` : "It exposes none.";
  const what = `${path} has no endpoint ${JSON.stringify(endpoint)}.`;
  return new ControlError("not-found", what, { why, near }, { cause });
}
