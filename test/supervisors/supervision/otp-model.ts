/**
 * What OTP's rules, with ramure's deviations, say must happen: a second opinion that shares no code
 * with `src/supervisors`. Everything takes no time here but the waits between restarts.
 */
export type ModelRestart = "permanent" | "transient" | "temporary";
export type ModelState =
  | "running"
  | "restarting"
  | "stopped-self"
  | "stopped-api"
  | "stopped-group";

export interface ModelRules {
  readonly strategy: "one-for-one" | "one-for-all" | "rest-for-one";
  readonly maxRestarts: number;
  readonly withinMs: number;
  readonly maxConsecutive: number;
  readonly autoShutdown: "never" | "any-significant" | "all-significant";
  readonly reviveFinished: boolean;
  /** Undefined: restarts are immediate. Doubling, no jitter. */
  readonly backoff: { readonly initialMs: number; readonly maxMs: number } | undefined;
}

interface ModelChild {
  readonly id: string;
  readonly restart: ModelRestart;
  readonly significant: boolean;
  state: ModelState;
  failures: number;
  since: number;
  /** How many of its next starts will fail. */
  faults: number;
}

/** A restart that waits for its moment. */
interface Waiting {
  origin: ModelChild;
  /** Those that failed themselves; the rest only goes along. */
  causes: Set<ModelChild>;
  pending: Set<ModelChild>;
  due: number;
}

export class OtpModel {
  readonly journal: string[] = [];
  exit: string | undefined;
  #now = 0;
  #children: ModelChild[] = [];
  #restarts: number[] = [];
  #waiting: Waiting[] = [];
  readonly #rules: ModelRules;

  constructor(rules: ModelRules) {
    this.#rules = rules;
  }

  get knowsSignificance(): boolean {
    return this.#rules.autoShutdown !== "never";
  }

  get ids(): readonly string[] {
    return this.#children.map((child) => child.id);
  }

  states(): Record<string, ModelState> {
    return Object.fromEntries(this.#children.map((child) => [child.id, child.state]));
  }

  isRunning(id: string): boolean {
    return this.#find(id)?.state === "running";
  }

  plan(id: string, faults: number): void {
    const child = this.#find(id);
    if (child !== undefined) child.faults = faults;
  }

  add(
    id: string,
    restart: ModelRestart,
    options: { significant: boolean; faults: number },
  ): string {
    const fresh: ModelChild = { id, restart, ...options, state: "running", failures: 0, since: 0 };
    if (!this.#starts(fresh)) return "start-failed";
    this.#children.push(fresh);
    return "ok";
  }

  terminate(id: string): string {
    const child = this.#find(id);
    if (child === undefined) return "not-found";
    this.#drop(child);
    if (child.state === "running") this.#term(child, "shutdown");
    if (child.state !== "stopped-self") child.state = "stopped-api";
    if (child.restart === "temporary") this.#remove(child);
    return "ok";
  }

  restart(id: string): string {
    const child = this.#find(id);
    if (child === undefined) return "not-found";
    const refusal = this.#refusal(child);
    if (refusal !== undefined) return refusal;
    child.failures = 0;
    if (this.#starts(child)) return "ok";
    child.state = "stopped-api";
    return "start-failed";
  }

  delete(id: string): string {
    const child = this.#find(id);
    if (child === undefined) return "not-found";
    const refusal = this.#refusal(child);
    if (refusal === undefined) this.#remove(child);
    return refusal ?? "ok";
  }

  /** The child ends by itself, well or badly. */
  end(id: string, how: "normal" | "error"): void {
    const child = this.#find(id);
    if (child?.state !== "running") return;
    this.#term(child, how);
    const { backoff } = this.#rules;
    const healthyAfter = backoff === undefined ? 0 : (backoff.initialMs + backoff.maxMs) / 2;
    if (this.#now - child.since >= healthyAfter) child.failures = 0;
    const again =
      child.restart === "permanent" || (child.restart === "transient" && how === "error");
    if (again) this.#fail(child);
    else this.#finish(child);
  }

  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const [next] = this.#waiting.filter(({ due }) => due <= until).sort((a, b) => a.due - b.due);
      if (next === undefined || this.exit !== undefined) break;
      this.#now = Math.max(this.#now, next.due);
      this.#go(next);
    }
    this.#now = until;
  }

  stop(): void {
    this.#shut("shutdown");
  }

  #find(id: string): ModelChild | undefined {
    return this.#children.find((child) => child.id === id);
  }

  #remove(gone: ModelChild): void {
    this.#children = this.#children.filter((child) => child !== gone);
  }

  #refusal(child: ModelChild): string | undefined {
    if (child.state === "running") return "running";
    return this.#waiting.some(({ pending }) => pending.has(child)) ? "restarting" : undefined;
  }

  /** A child is taken out of what waits. With the origin those go that had no cause but it. */
  #drop(child: ModelChild): void {
    for (const waiting of this.#waiting) {
      waiting.pending.delete(child);
      waiting.causes.delete(child);
      const [next] = waiting.causes;
      if (waiting.origin !== child || next === undefined) continue;
      waiting.origin = next;
      waiting.pending = new Set(waiting.causes);
    }
    this.#waiting = this.#waiting.filter(({ origin }) => origin !== child);
  }

  #starts(child: ModelChild): boolean {
    if (child.faults > 0) {
      child.faults -= 1;
      this.journal.push(`fail ${child.id}`);
      return false;
    }
    this.journal.push(`start ${child.id}`);
    child.state = "running";
    child.since = this.#now;
    return true;
  }

  #term(child: ModelChild, how: string): void {
    this.journal.push(`term ${child.id} ${how}`);
  }

  #finish(child: ModelChild): void {
    child.state = "stopped-self";
    if (child.restart === "temporary") this.#remove(child);
    if (!child.significant || this.#rules.autoShutdown === "never") return;
    const others = this.#children.filter((other) => other.significant && this.#isToLive(other));
    if (this.#rules.autoShutdown === "any-significant" || others.length === 0) {
      this.#shut("auto-shutdown");
    }
  }

  #isToLive(child: ModelChild): boolean {
    return child.state === "running" || this.#waiting.some(({ pending }) => pending.has(child));
  }

  #shut(why: string): void {
    this.#waiting = [];
    for (const child of this.#children.toReversed()) {
      if (child.state === "running") this.#term(child, "shutdown");
      child.state = "stopped-group";
    }
    this.exit = why;
  }

  /** A restart is due: count it, then stop the scope and start it, now or later. */
  #fail(child: ModelChild): void {
    const { maxRestarts, withinMs, maxConsecutive, backoff } = this.#rules;
    this.#restarts = this.#restarts.filter((moment) => moment >= this.#now - withinMs);
    this.#restarts.push(this.#now);
    child.state = "stopped-self";
    if (this.#restarts.length > maxRestarts || child.failures >= maxConsecutive) {
      this.#shut("intensity");
      return;
    }
    const wait =
      backoff === undefined ? 0 : Math.min(backoff.maxMs, backoff.initialMs * 2 ** child.failures);
    child.failures += 1;
    const joined = this.#joined(child);
    if (joined === undefined) this.#restartGroup(child, wait);
    else {
      child.state = "restarting";
      joined.pending.add(child);
      joined.causes.add(child);
    }
  }

  /** Under a group strategy one restart waits at a time; who fails behind its first child waits with it. */
  #joined(child: ModelChild): Waiting | undefined {
    const [waiting] = this.#waiting;
    if (this.#rules.strategy === "one-for-one" || waiting === undefined) return undefined;
    const first = this.#children.find((other) => waiting.pending.has(other));
    if (first === undefined) return undefined;
    return this.#children.indexOf(first) < this.#children.indexOf(child) ? waiting : undefined;
  }

  #restartGroup(origin: ModelChild, wait: number): void {
    const scope = this.#scope(origin);
    const pending = new Set(scope.filter((child) => child === origin || this.#returns(child)));
    if (this.#rules.strategy !== "one-for-one") {
      for (const old of this.#waiting) for (const child of old.pending) pending.add(child);
      this.#waiting = [];
    }
    for (const child of scope.toReversed()) {
      if (child === origin || child.state !== "running") continue;
      this.#term(child, "shutdown");
      child.state = "stopped-group";
      if (child.restart === "temporary") this.#remove(child);
    }
    for (const child of pending) child.state = child === origin ? "restarting" : "stopped-group";
    const waiting = { origin, causes: new Set([origin]), pending, due: this.#now + wait };
    this.#waiting.push(waiting);
    if (wait === 0) this.#go(waiting);
  }

  #scope(origin: ModelChild): readonly ModelChild[] {
    if (this.#rules.strategy === "one-for-one") return [origin];
    if (this.#rules.strategy === "one-for-all") return this.#children;
    return this.#children.slice(this.#children.indexOf(origin));
  }

  #returns(child: ModelChild): boolean {
    if (child.restart === "temporary") return false;
    if (child.state === "stopped-self" || child.state === "stopped-api") {
      return this.#rules.reviveFinished;
    }
    return true;
  }

  #go(waiting: Waiting): void {
    for (const child of this.#children) {
      if (!waiting.pending.has(child)) continue;
      if (!this.#starts(child)) {
        waiting.pending.delete(child);
        this.#fail(child);
        return;
      }
      waiting.pending.delete(child);
    }
    this.#waiting = this.#waiting.filter((other) => other !== waiting);
  }
}
