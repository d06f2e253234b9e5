/** One change of a group, as a subscriber is told of it. */
export type GroupChange<Member> =
  /** The members at the start of the subscription. It comes first, and once. */
  | { readonly type: "members"; readonly members: readonly Member[] }
  /** A new member. */
  | { readonly type: "joined"; readonly member: Member }
  /** A member left the group or ended. */
  | { readonly type: "left"; readonly member: Member };

type GroupListener<Member> = (change: GroupChange<Member>) => void;

interface Group<Member> {
  /** The members, and how often each has joined. */
  readonly joins: Map<Member, number>;
  readonly listeners: Set<GroupListener<Member>>;
}

/** Sets of living actors by key. A member that joined twice must leave twice. An actor that ends leaves all its groups. */
export class Groups<Member> {
  readonly #groups = new Map<string, Group<Member>>();
  readonly #keysOf = new Map<Member, Set<string>>();

  join(key: string, member: Member): void {
    const group = this.#group(key);
    const joins = group.joins.get(member) ?? 0;
    group.joins.set(member, joins + 1);
    if (joins > 0) return;
    const keys = this.#keysOf.get(member) ?? new Set();
    this.#keysOf.set(member, keys.add(key));
    tell(group, { type: "joined", member });
  }

  /** Undo one join. Returns false when `member` is no member. */
  leave(key: string, member: Member): boolean {
    const group = this.#groups.get(key);
    const joins = group?.joins.get(member);
    if (group === undefined || joins === undefined) return false;
    if (joins > 1) group.joins.set(member, joins - 1);
    else this.#remove(key, group, member);
    return true;
  }

  leaveAll(member: Member): void {
    const keys = this.#keysOf.get(member);
    if (keys === undefined) return;
    for (const key of keys) {
      const group = this.#groups.get(key);
      if (group !== undefined) this.#remove(key, group, member);
    }
  }

  members(key: string): readonly Member[] {
    return [...(this.#groups.get(key)?.joins.keys() ?? [])];
  }

  /** Call `listener` with the members now and then once for each change. Returns a function that stops this. */
  subscribe(key: string, listener: GroupListener<Member>): () => void {
    const group = this.#group(key);
    group.listeners.add(listener);
    listener({ type: "members", members: this.members(key) });
    return () => {
      group.listeners.delete(listener);
      this.#forget(key, group);
    };
  }

  #group(key: string): Group<Member> {
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const group: Group<Member> = { joins: new Map(), listeners: new Set() };
    this.#groups.set(key, group);
    return group;
  }

  #remove(key: string, group: Group<Member>, member: Member): void {
    group.joins.delete(member);
    const keys = this.#keysOf.get(member);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysOf.delete(member);
    tell(group, { type: "left", member });
    this.#forget(key, group);
  }

  #forget(key: string, group: Group<Member>): void {
    if (group.joins.size === 0 && group.listeners.size === 0) this.#groups.delete(key);
  }
}

/** Call all listeners. One that throws is removed and does not harm the others. */
function tell<Member>(group: Group<Member>, change: GroupChange<Member>): void {
  for (const listener of group.listeners) {
    try {
      listener(change);
    } catch {
      group.listeners.delete(listener);
    }
  }
}
