import type { Cell, CellStatus, ChildEntry } from "./cell.ts";
import { nameOf } from "./dead-letters.ts";
import type { ExitReason } from "./exit-reason.ts";
import { TimerMessage } from "./mailbox.ts";
import { CallMessage } from "./pending-call.ts";
import { CellSlot } from "./slot.ts";

/** One actor or one vacant slot: plain data. */
export interface ActorInfo {
  readonly name: string;
  readonly path: string;
  /** 0 for a vacant slot. */
  readonly pid: number;
  readonly epoch: number;
  readonly kind: string;
  readonly status: CellStatus | "vacant" | "suspended";
  /** Incarnations after the first. */
  readonly restarts: number;
  /** The end of the incarnation before this one; only in a slot. */
  readonly lastExit?: ExitReason | undefined;
  readonly mailbox: { readonly system: number; readonly user: number; readonly stash: number };
  /** The current message, and how long its handler has run. */
  readonly current?: { readonly message: string; readonly forMs: number } | undefined;
  /** The number of actors that it monitors. */
  readonly monitors: number;
  /** The number of its resources. */
  readonly owned: number;
  /** The types of the first ten queued messages; only where they were asked for. */
  readonly messages?: readonly string[] | undefined;
  readonly children: readonly ActorInfo[];
}

export interface TreeOptions {
  /** Show the types of queued messages. Default: false. */
  readonly messages?: boolean | undefined;
}

const shownMessages = 10;

/** Describe an actor and everything below it. No mailbox is involved, so a stuck actor is described too. */
export function describe(child: ChildEntry, options: TreeOptions = {}): ActorInfo {
  const cell = child.living;
  const slot = slotOf(child);
  const below = cell?.children === undefined ? [] : [...cell.children.values()];
  const children = below.map((each) => describe(each, options));
  const last = slot?.lastExit?.reason;
  const facts = cell === undefined ? vacantFacts(slot) : livingFacts(cell, options);
  const restarts = Math.max(0, facts.epoch - 1);
  return { name: child.name, ...facts, restarts, lastExit: last, children };
}

type Facts = Omit<ActorInfo, "name" | "restarts" | "lastExit" | "children">;

function slotOf(child: ChildEntry): CellSlot | undefined {
  return child instanceof CellSlot ? child : undefined;
}

function vacantFacts(slot: CellSlot | undefined): Facts {
  const mailbox = { system: 0, user: slot?.waiting ?? 0, stash: 0 };
  const place = { path: slot?.path ?? "", pid: 0, epoch: slot?.epoch ?? 0, kind: "actor" };
  return { ...place, status: "vacant", mailbox, monitors: 0, owned: 0 };
}

function livingFacts(cell: Cell, options: TreeOptions): Facts {
  return {
    path: cell.path === "" ? "/" : cell.path,
    pid: cell.pid,
    epoch: cell.epoch,
    kind: cell.options.kind ?? "actor",
    status: cell.suspended && cell.status === "running" ? "suspended" : cell.status,
    mailbox: mailboxOf(cell),
    current: currentOf(cell),
    monitors: cell.watching?.size ?? 0,
    owned: cell.owned?.size ?? 0,
    messages: options.messages === true ? queuedOf(cell) : undefined,
  };
}

function mailboxOf(cell: Cell): ActorInfo["mailbox"] {
  const system = cell.system?.length ?? 0;
  return { system, user: cell.mailbox.length, stash: cell.stash?.length ?? 0 };
}

function currentOf(cell: Cell): ActorInfo["current"] {
  if (cell.current === undefined) return undefined;
  const forMs = cell.busy ? cell.kernel.clock.now() - cell.since : 0;
  return { message: nameOf(cell.current), forMs };
}

function queuedOf(cell: Cell): readonly string[] {
  return cell.mailbox.peek(shownMessages).map((queued) => {
    if (queued instanceof CallMessage) return nameOf(queued.message);
    return nameOf(queued instanceof TimerMessage ? queued.message : queued);
  });
}

/** Walk every living actor below `cell`, parents first. */
function* livingBelow(cell: Cell): Generator<Cell> {
  if (cell.children === undefined) return;
  for (const child of cell.children.values()) {
    if (child.living === undefined) continue;
    yield child.living;
    yield* livingBelow(child.living);
  }
}

/** Find the entry at a path below `root`, such as `/a/b`: child `b` of child `a`. */
export function findChild(root: Cell, path: string): ChildEntry | undefined {
  let found: ChildEntry | undefined = root;
  // By hand: `split` would cost more than the look-up.
  let slash = path.indexOf("/");
  while (slash >= 0 && found !== undefined) {
    const next = path.indexOf("/", slash + 1);
    const name = next < 0 ? path.slice(slash + 1) : path.slice(slash + 1, next);
    found = found.living?.children?.get(name);
    slash = next;
  }
  return found;
}

/** A number by which actors are ranked. */
export type Attribute =
  /** Queued messages, those of the system included. */
  | "mailbox"
  /** Messages handled since the start. */
  | "handled"
  /** Children, vacant slots included. */
  | "children";

export interface TopEntry {
  readonly path: string;
  readonly pid: number;
  readonly value: number;
}

/** Read one attribute of every actor. */
export function sample(root: Cell, attribute: Attribute): Map<Cell, number> {
  const values = new Map<Cell, number>();
  for (const cell of livingBelow(root)) values.set(cell, read(cell, attribute));
  return values;
}

/** Find the actors with the largest growth since `before`, largest first. */
export function top(
  now: ReadonlyMap<Cell, number>,
  before: ReadonlyMap<Cell, number>,
  limit: number,
): readonly TopEntry[] {
  const entries = Array.from(now, ([cell, value]) => {
    const { path, pid } = cell;
    return { path, pid, value: value - (before.get(cell) ?? 0) };
  });
  return entries.sort((one, other) => other.value - one.value).slice(0, limit);
}

function read(cell: Cell, attribute: Attribute): number {
  switch (attribute) {
    case "mailbox":
      return cell.mailbox.length + (cell.system?.length ?? 0);
    case "handled":
      return cell.handling;
    case "children":
      return cell.children?.size ?? 0;
    default:
      return attribute satisfies never;
  }
}
