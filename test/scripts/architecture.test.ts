import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The folders below `src` that hold files, with the number of their files. */
function rooms(folder = ""): ReadonlyMap<string, number> {
  const names = readdirSync(join(root, "src", folder));
  const found = new Map<string, number>();
  const files = names.filter((name) => name.endsWith(".ts")).length;
  if (folder !== "" && files > 1) found.set(folder, files);
  for (const name of names) {
    const below = posix.join(folder, name);
    if (!statSync(join(root, "src", below)).isDirectory()) continue;
    for (const [room, count] of rooms(below)) found.set(room, count);
  }
  return found;
}

/** The rooms that a row of the table names; one after the first lies beside it or in it. */
function named(row: string, known: ReadonlyMap<string, number>): readonly [string, number][] {
  const parts = [...row.matchAll(/`([a-z/]+)\/`\*{0,2} \((\d+)\)/g)];
  const first = parts[0]?.[1] ?? "";
  return parts.map(([, name = "", count], index) => {
    const places = index === 0 ? [name] : [`${first}/${name}`, posix.join(first, "..", name)];
    return [places.find((place) => known.has(place)) ?? name, Number(count)];
  });
}

it("docs/architecture.md names every room with more than one file, and how many it has", () => {
  const page = readFileSync(join(root, "docs/architecture.md"), "utf8");
  const known = rooms();
  const rows = page.split("\n").filter((line) => line.startsWith("| "));
  const told = new Map(rows.flatMap((row) => named(row, known)).filter(([, count]) => count > 1));
  expect(Object.fromEntries([...told].sort())).toEqual(Object.fromEntries([...known].sort()));
});
