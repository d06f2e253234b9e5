import { posix } from "node:path";
import {
  isProgram,
  readSourceFiles,
  report,
  type SourceFiles,
  withoutComments,
} from "../source-files.ts";

/*
 * The house's chain (docs/architecture.md): a folder imports from the folders above it, never from
 * one below. Cycles between files are Biome's business (noImportCycles).
 */

const errors = "src/errors.ts";
const kernel = "src/actors/*";
const extension = "src/actors/agent/extension*.ts";

interface Room {
  readonly of: string;
  /** What its files may import of ours: files, files of one beginning (`*.ts`), folders (`/**`) and files straight in one (`/*`). */
  readonly imports: readonly string[];
}

/** The first room that a file fits is its own. */
const rooms: readonly Room[] = [
  { of: errors, imports: [] },
  { of: extension, imports: ["src/actors/agent/wire/protocol.ts", extension] },
  {
    of: "src/actors/agent/wire/protocol.ts",
    imports: ["src/actors/agent/wire/protocol-readers.ts"],
  },
  { of: "src/machines/**", imports: [errors, "src/machines/**"] },
  { of: "src/actors/machine/machine-actor.ts", imports: [errors, kernel, "src/machines/**"] },
  { of: kernel, imports: [errors, kernel] },
  {
    of: "src/actors/agent/**",
    imports: [errors, "src/machines/**", kernel, "src/actors/agent/**"],
  },
  {
    of: "src/supervisors/**",
    imports: [errors, "src/machines/**", "src/actors/**", "src/supervisors/**"],
  },
  {
    of: "src/cli/**",
    imports: [
      errors,
      "src/supervisors/runtime/outside.ts",
      "src/actors/journal/reader.ts",
      "src/cli/**",
    ],
  },
  {
    of: "src/*",
    imports: ["src/*", "src/machines/**", "src/actors/**", "src/supervisors/**"],
  },
];

/** List every import that goes against the chain, and every file that lies in no room. */
export function layerViolations(files: SourceFiles): readonly string[] {
  return [...files].flatMap(([file, text]) => {
    const room = rooms.find(({ of }) => fits(file, of));
    if (!room) return [`${file}: lies in no room of the house; see docs/architecture.md`];
    return importsOf(file, text)
      .filter(({ target }) => !room.imports.some((allowed) => fits(target, allowed)))
      .map(({ line, target }) => `${file}:${line}: ${room.of} may not import ${target}`);
  });
}

interface Import {
  readonly line: number;
  readonly target: string;
}

function importsOf(file: string, text: string): readonly Import[] {
  const specifiers = /(?:\bfrom|\bimport\s*\(|^\s*import)\s*["'](\.[^"'\n]*)["']/gm;
  const code = withoutComments(text);
  return [...code.matchAll(specifiers)].map((match) => ({
    line: code.slice(0, match.index + match[0].length).split("\n").length,
    target: posix.normalize(posix.join(posix.dirname(file), match[1] ?? "")),
  }));
}

function fits(file: string, room: string): boolean {
  if (room.endsWith("/**")) return file.startsWith(room.slice(0, -2));
  if (room.endsWith("*.ts")) return file.startsWith(room.slice(0, -4));
  if (room.endsWith("/*")) return posix.dirname(file) === room.slice(0, -2);
  if (room.endsWith("*")) return file.startsWith(room.slice(0, -1));
  return file === room;
}

if (isProgram(import.meta.url)) report("layers", layerViolations(readSourceFiles("src")));
