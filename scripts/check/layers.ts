import { posix } from "node:path";
import {
  isProgram,
  readSourceFiles,
  report,
  type SourceFiles,
  withoutComments,
} from "../source-files.ts";

/*
 * The house (docs/architecture.md). A room is a folder; what its neighbours may use stands in its
 * `index.ts`. Files that lie beside rooms are their ground: everybody above may import them. Only
 * `index.ts`, `main.ts` and `testing.ts` stand above the rooms beside them. Arrows point downward
 * between folders; cycles between files are Biome's business (noImportCycles).
 */

/** The storeys, lowest first. What lies in one imports from itself and from those before it. */
const storeys = ["src/machines", "src/actors", "src/supervisors", "src/cli"];

/** The most files that a room may hold. */
const roomSize = 22;
const largerRooms: ReadonlyMap<string, number> = new Map([["src/actors/kernel", 32]]);

/** Rooms that may import less of ours than the storeys allow. */
const narrow: readonly { readonly of: string; readonly imports: readonly string[] }[] = [
  { of: "src/errors.ts", imports: [] },
  { of: "src/names.ts", imports: ["src/errors.ts"] },
  {
    of: "src/actors/agent/pi/extension/",
    imports: ["src/actors/agent/wire/", "src/actors/data/", "src/actors/agent/pi/extension/"],
  },
  // What runs in another process: the extension above, and of these rooms what it is bundled with.
  ...["protocol", "agent-end"].map((part) => ({
    of: `src/actors/agent/wire/${part}`,
    imports: ["src/actors/agent/wire/", "src/actors/data/"],
  })),
  { of: "src/actors/data/", imports: ["src/errors.ts", "src/actors/data/"] },
  {
    of: "src/actors/kernel/",
    imports: ["src/errors.ts", "src/names.ts", "src/options.ts", "src/actors/"],
  },
  { of: "src/cli/", imports: ["src/errors.ts", "src/supervisors/runtime/outside.ts", "src/cli/"] },
];

/** What the CLI may import of a run stands in a face of its own. */
const otherFaces: ReadonlySet<string> = new Set(["src/supervisors/runtime/outside.ts"]);

interface Import {
  readonly file: string;
  readonly line: number;
  readonly target: string;
  /** Loaded when it is needed; the CLI, whose start is measured, names the file itself. */
  readonly late: boolean;
}

/** List every import that goes against the plan of the house, and every room that is a hall. */
export function layerViolations(files: SourceFiles): readonly string[] {
  const house = new House(files);
  return [
    ...[...files.keys()].filter((file) => !isInHouse(file)).map(strange),
    ...house.imports.flatMap((found) => house.complaint(found)),
    ...house.circles(),
    ...house.halls(),
  ];
}

const strange = (file: string): string =>
  `${file}: lies in no room of the house; see docs/architecture.md`;

function isInHouse(file: string): boolean {
  return posix.dirname(file) === "src" || storeyOf(file) >= 0;
}

/** Gives -1 for the ground of all, such as errors.ts. */
function storeyOf(file: string): number {
  return storeys.findIndex((storey) => file.startsWith(`${storey}/`));
}

class House {
  readonly imports: readonly Import[];
  readonly #rooms: ReadonlyMap<string, number>;

  constructor(files: SourceFiles) {
    this.imports = [...files].flatMap(([file, text]) => importsOf(file, text));
    const rooms = new Map<string, number>();
    for (const file of files.keys()) {
      const room = posix.dirname(file);
      rooms.set(room, (rooms.get(room) ?? 0) + 1);
    }
    this.#rooms = rooms;
  }

  complaint({ file, line, target, late }: Import): readonly string[] {
    const at = `${file}:${line}:`;
    const bound = narrow.find(({ of }) => file.startsWith(of));
    if (bound !== undefined && !bound.imports.some((allowed) => target.startsWith(allowed))) {
      return [`${at} ${bound.of} may not import ${target}`];
    }
    const [from, to] = [storeyOf(file), storeyOf(target)];
    const isFace = isPublicFace(file);
    if (isPublicFace(target) || (!isFace && to > from))
      return [`${at} ${storeys[from] ?? file} may not import ${target}`];
    if (isFace && target.startsWith("src/cli/")) return [`${at} ${file} may not import ${target}`];
    if (this.#isBehindDoor(file, target) && !(late && file.startsWith("src/cli/"))) {
      return [`${at} ${target} lies behind the door of its room; import its index.ts`];
    }
    return [];
  }

  #isBehindDoor(file: string, target: string): boolean {
    const room = posix.dirname(target);
    if (room === posix.dirname(file) || isAbove(target) || otherFaces.has(target)) return false;
    return !this.#isGround(room);
  }

  /** A folder with rooms in it; what lies in it directly is their ground. */
  #isGround(folder: string): boolean {
    if (folder === "src" || storeys.includes(folder)) return true;
    // The extension is a process of its own; the room that starts it has a door all the same.
    if (folder === "src/actors/agent/pi") return false;
    return [...this.#rooms.keys()].some((room) => room.startsWith(`${folder}/`));
  }

  /** Circles between folders, each named once. */
  circles(): readonly string[] {
    const graph = new Map<string, Set<string>>();
    for (const { file, target } of this.imports) {
      const [from, to] = [this.#placeOf(file), this.#placeOf(target)];
      if (from === to) continue;
      const targets = graph.get(from) ?? new Set();
      graph.set(from, targets.add(to));
    }
    return circlesIn(graph).map((circle) => `rooms import each other: ${circle.join(" -> ")}`);
  }

  #placeOf(file: string): string {
    const folder = posix.dirname(file);
    return isAbove(file) && this.#isGround(folder) ? `${folder}/index.ts` : folder;
  }

  halls(): readonly string[] {
    return [...this.#rooms]
      .filter(([room, size]) => size > (largerRooms.get(room) ?? roomSize))
      .map(([room, size]) => `${room}: ${size} files are a hall; cut a room out of it`);
  }
}

function isPublicFace(file: string): boolean {
  return posix.dirname(file) === "src" && isAbove(file);
}

/** Tell whether a file is a room's door, or a program or face beside the rooms of its folder. */
function isAbove(file: string): boolean {
  return /\/index\.ts$|^src\/(?:cli\/main|testing)\.ts$/.test(file);
}

function importsOf(file: string, text: string): readonly Import[] {
  const specifiers = /(\bfrom|\bimport\s*\(|^\s*import)\s*["'](\.[^"'\n]*)["']/gm;
  const code = withoutComments(text);
  return [...code.matchAll(specifiers)].map((match) => ({
    file,
    line: code.slice(0, match.index + match[0].length).split("\n").length,
    target: posix.normalize(posix.join(posix.dirname(file), match[2] ?? "")),
    late: match[1]?.endsWith("(") === true,
  }));
}

/** Find a way back for every node that has one: one circle each time, until none is left. */
function circlesIn(
  graph: ReadonlyMap<string, ReadonlySet<string>>,
): readonly (readonly string[])[] {
  const circles: string[][] = [];
  const done = new Set<string>();
  const visit = (node: string, way: readonly string[]): void => {
    const before = way.indexOf(node);
    if (before >= 0) circles.push([...way.slice(before), node]);
    if (before >= 0 || done.has(node)) return;
    for (const next of graph.get(node) ?? []) visit(next, [...way, node]);
    done.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
  return circles;
}

if (isProgram(import.meta.url)) report("layers", layerViolations(readSourceFiles("src")));
