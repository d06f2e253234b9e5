/** The kinds of handles that stand for work outside of the program, each until it is done. */
const workKinds: readonly (readonly [kind: string, words: string])[] = [
  ["ProcessWrap", "subprocess"],
  ["TCPSocketWrap", "TCP connection"],
  ["TLSWrap", "TLS connection"],
  ["UDPWrap", "UDP socket"],
  ["Timeout", "timer of Node's own"],
];

/** A request to the system, such as one for a file, is work as long as it is there. */
const requests = "request to the system (a file, a connection)";

/**
 * The things outside the program that the program waits for: files, subprocesses, connections,
 * Node's timers.
 *
 * Handles that were there when the test began belong to the test's runner and do not count, nor do
 * listeners and Unix sockets, which wait for others.
 */
export class OutsideWorld {
  readonly #before: ReadonlyMap<string, number>;

  constructor() {
    this.#before = counted();
  }

  /** The work that is under way, in words; empty when there is none. `ownTimers` belong to the caller. */
  work(ownTimers: number): readonly string[] {
    const now = counted();
    const found = workKinds.map(([kind, words]) => {
      const own = kind === "Timeout" ? ownTimers : 0;
      return [(now.get(kind) ?? 0) - (this.#before.get(kind) ?? 0) - own, words] as const;
    });
    const pending = [...now].filter(([kind]) => isRequest(kind));
    found.push([pending.reduce((sum, [, count]) => sum + count, 0), requests]);
    return found.filter(([count]) => count > 0).map(([count, words]) => `${count} ${words}`);
  }
}

function counted(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo())
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

function isRequest(kind: string): boolean {
  return kind.includes("Req") || kind.endsWith("ConnectWrap") || kind.endsWith("WriteWrap");
}
