import { posix } from "node:path";
import {
  isProgram,
  readSourceFiles,
  report,
  type SourceFiles,
  withoutComments,
} from "../source-files.ts";

/* What the style says of single files and no linter can see: names, faces, time, queues. */

const vague = ["util", "utils", "helper", "helpers", "common", "misc", "manager", "base"];

/**
 * Where real time may be read and timers may be set: the clocks of the kernel, of this host's real
 * processes, and of the extension, which lives in another process.
 */
const clocks =
  /^src\/(?:actors\/(?:(?:manual-)?clock|kernel\/scheduler)|machines\/local\/clock|actors\/agent\/pi\/extension\/(?:extension|pi))\.ts$/;

const time =
  /(?<!\w\.)\b(?:setTimeout|setInterval)\s*\(|\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bprocess\.hrtime\b|\bset(?:Timeout|Interval)\b.*["']node:timers/;

/** The definition of a method, such as the one that XState asks of a clock. */
const method = /^\s*set(?:Timeout|Interval)\(.*\{$/;

/** Keeping the last so many: the array stays as short as its bound. */
const trim = /(?:\.length|\.push\(.*\)) > \w+\) .*\.shift\(\)/;

/** The beginning of a doc comment that names no subject: a noun phrase or a verb belongs there. */
const noSubject = /\/\*\*\s*(?:\*\s*)?(?:What|How|Where|Whom?|Whose|Whether|Which)\b/;

/** List what is wrong with each file. Its length is Biome's business (noExcessiveLinesPerFile). */
export function fileViolations(files: SourceFiles): readonly string[] {
  const single = [...files].flatMap(([file, text]) => {
    const code = withoutComments(text);
    return [
      ...nameViolations(file),
      ...(file.startsWith("src/") ? sourceViolations(file, code) : []),
      ...(file.startsWith("src/") ? commentViolations(file, text) : []),
    ];
  });
  return [...single, ...sharedTypeNames(files)];
}

/** List the types of one name in two files of the source: one word a thing. */
function sharedTypeNames(files: SourceFiles): readonly string[] {
  const homes = new Map<string, string>();
  return [...files].flatMap(([file, text]) => {
    if (!file.startsWith("src/")) return [];
    return [...withoutComments(text).matchAll(typeName)].flatMap(([, name = ""]) => {
      const home = homes.get(name) ?? file;
      homes.set(name, home);
      return home === file ? [] : [`${file}: ${name} is a type of ${home} too; one word a thing`];
    });
  });
}

const typeName = /^(?:export )?(?:abstract )?(?:type|interface|class) (\w+)/gm;

function nameViolations(file: string): readonly string[] {
  const name = posix.basename(file);
  const kebab = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|test-d|no-run))?\.m?tsx?$/.test(name);
  const words = name.split(/[-.]/).filter((word) => vague.includes(word));
  return [
    ...(kebab ? [] : [`${file}: a file's name is in kebab-case`]),
    ...words.map((word) => `${file}: "${word}" says nothing; name the one thing it defines`),
  ];
}

function sourceViolations(file: string, code: string): readonly string[] {
  const queue = shiftOf(code);
  return code.split("\n").flatMap((line, index) => {
    const at = `${file}:${index + 1}`;
    return [
      ...(time.test(line) && !method.test(line) && !clocks.test(file)
        ? [`${at}: time comes from the clock`]
        : []),
      ...(queue.test(line) && !trim.test(line)
        ? [`${at}: shift() moves a whole queue; keep a head index`]
        : []),
      ...(/\bexport \*(?! from "\.\/errors\.ts")/.test(line) ? [`${at}: export by name`] : []),
    ];
  });
}

function commentViolations(file: string, text: string): readonly string[] {
  const lines = text.split("\n");
  return lines.flatMap((line, index) =>
    noSubject.test(line.trim() === "/**" ? `${line}${lines[index + 1] ?? ""}` : line)
      ? [`${file}:${index + 1}: a doc comment names its subject: a noun phrase, or a verb`]
      : [],
  );
}

/** An array's `shift`; a Ring's and a Mailbox's take no time. */
function shiftOf(code: string): RegExp {
  return /["'][./a-z]*\/ring\.ts["']/.test(code) ? /(?!)/ : /(?<!mailbox|system\?)\.shift\(\)/;
}

if (isProgram(import.meta.url)) {
  const folders = ["src", "test", "scripts", "examples"];
  report("files", fileViolations(readSourceFiles(...folders)));
}
