/** Read a stream to its end, or only its first `count` items. */
export async function collect<Item>(
  items: AsyncIterable<Item>,
  count = Number.POSITIVE_INFINITY,
): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) if (found.push(item) >= count) break;
  return found;
}

/** Read the types of all events of a stream, in order. */
export async function typesOf(events: AsyncIterable<{ readonly type: string }>): Promise<string[]> {
  return (await collect(events)).map(({ type }) => type);
}
