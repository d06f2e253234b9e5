import { ControlError } from "./error.ts";
import type { RunStatus, StatusPage, TreeNode } from "./run-status.ts";

const defaultLimit = 500;
const maxLimit = 2_000;
/** Well below a line's bound, so that a page with its frame always fits. */
const maxPageBytes = 524_288;
const maxEntryBytes = 65_536;

/** The pages of one connection's last status; a newer one replaces them. */
export class StatusPages {
  #pages: readonly StatusPage[] = [];
  #taken = 0;

  /** Cut a status into pages and give the first. */
  first(status: RunStatus, limit = defaultLimit): StatusPage {
    this.#taken += 1;
    this.#pages = pagesOf(status, limit).map((page, index, all) =>
      index + 1 < all.length ? { ...page, next: `${this.#taken}:${index + 1}` } : page,
    );
    return this.#page(0);
  }

  /** Give the page that an earlier one named as `next`. Throws ControlError when that is replaced. */
  next(cursor: string): StatusPage {
    const [taken, index] = cursor.split(":").map(Number);
    if (taken !== this.#taken) {
      throw new ControlError("bad-request", "The cursor is not of this connection's last status.");
    }
    return this.#page(index ?? -1);
  }

  #page(index: number): StatusPage {
    const page = this.#pages[index];
    if (!page) throw new ControlError("bad-request", "There is no such page.");
    if (page.next === undefined) this.#pages = [];
    return page;
  }
}

/** Cut a list into parts that fit into one message each; an entry too big for any loses what it can. */
export function fittingParts(nodes: readonly TreeNode[]): readonly (readonly TreeNode[])[] {
  return cut(nodes.map(fitted), defaultLimit);
}

function pagesOf(status: RunStatus, limit: number): readonly StatusPage[] {
  const { nodes, connections, endpoints, ...head } = status;
  const entries = [
    ...nodes.map((node) => ({ node: fitted(node) })),
    ...connections.map((connection) => ({ connection })),
    ...endpoints.map((endpoint) => ({
      endpoint: tooBig(endpoint) ? withoutSchema(endpoint) : endpoint,
    })),
  ];
  return cut(entries, Math.min(Math.max(1, Math.floor(limit)), maxLimit)).map((part) => ({
    ...head,
    nodes: part.flatMap((entry) => ("node" in entry ? [entry.node] : [])),
    connections: part.flatMap((entry) => ("connection" in entry ? [entry.connection] : [])),
    endpoints: part.flatMap((entry) => ("endpoint" in entry ? [entry.endpoint] : [])),
  }));
}

/** Cut a list into parts: at least one, if only an empty one. */
function cut<Entry>(entries: readonly Entry[], limit: number): readonly (readonly Entry[])[] {
  const parts: Entry[][] = [[]];
  let last: Entry[] = parts[0] ?? [];
  let bytes = 0;
  for (const entry of entries) {
    const size = bytesOf(entry);
    if (last.length >= limit || (last.length > 0 && bytes + size > maxPageBytes)) {
      last = [];
      parts.push(last);
      bytes = 0;
    }
    last.push(entry);
    bytes += size;
  }
  return parts;
}

function fitted(node: TreeNode): TreeNode {
  if (!tooBig(node)) return node;
  const { facts: _facts, ...rest } = node;
  return { ...rest, summary: node.summary?.slice(0, 1_000) };
}

function withoutSchema<Endpoint extends { readonly description?: string | undefined }>(
  endpoint: Endpoint,
): Endpoint {
  return { ...endpoint, description: endpoint.description?.slice(0, 1_000), parameters: {} };
}

function tooBig(entry: unknown): boolean {
  return bytesOf(entry) > maxEntryBytes;
}

function bytesOf(entry: unknown): number {
  return Buffer.byteLength(JSON.stringify(entry));
}
