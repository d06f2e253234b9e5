import { posix } from "node:path";
import {
  isProgram,
  readSourceFiles,
  report,
  type SourceFiles,
  withoutComments,
} from "./source-files.ts";

/* What the style says of single files and no linter can see: names, faces, time, queues. */

const vague = ["util", "utils", "helper", "helpers", "common", "misc", "manager", "base"];

/** Where real time may be read and timers may be set; the extension lives in another process. */
const clocks: readonly string[] = [
  "src/actors/clock.ts",
  "src/actors/system-clock.ts",
  "src/actors/manual-clock.ts",
  "src/actors/scheduler.ts",
  "src/actors/agent/extension.ts",
];

const time =
  /\b(?:setTimeout|setInterval)\s*\(|\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bprocess\.hrtime\b|["']node:timers/;

/** List what is wrong with each file. Its length is Biome's business (noExcessiveLinesPerFile). */
export function fileViolations(files: SourceFiles): readonly string[] {
  return [...files].flatMap(([file, text]) => {
    const code = withoutComments(text);
    return [
      ...nameViolations(file),
      ...(file.startsWith("src/") ? sourceViolations(file, code) : []),
    ];
  });
}

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
  return code.split("\n").flatMap((line, index) => {
    const at = `${file}:${index + 1}`;
    return [
      ...(time.test(line) && !clocks.includes(file) ? [`${at}: time comes from the clock`] : []),
      ...(/\.shift\(\)/.test(line)
        ? [`${at}: shift() moves a whole queue; keep a head index`]
        : []),
      ...(/\bexport \*/.test(line) ? [`${at}: export by name`] : []),
    ];
  });
}

if (isProgram(import.meta.url)) {
  const folders = ["src", "test", "scripts", "examples"];
  report("files", fileViolations(readSourceFiles(...folders)));
}
