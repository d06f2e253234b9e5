import type { Argv } from "../machine.ts";

/** The exit code of the scripts below for a file that cannot be used; stderr has the reason. */
export const fileTrouble = 90;

export interface FileWords {
  readonly path: string;
  readonly within?: string | undefined;
}

/** The words that print a regular file: at most one byte more than the bound, which says that there is more. */
export function readWords({
  path,
  within = "",
  maxBytes,
}: FileWords & { readonly maxBytes?: number | undefined }): Argv {
  const most = maxBytes === undefined ? "" : String(maxBytes + 1);
  return ["bash", "-c", readScript, "bash", path, within, most];
}

/** The words that replace a file by standard input, whole. */
export function writeWords({
  path,
  within = "",
  mode,
  id,
}: FileWords & { readonly mode?: number | undefined; readonly id: string }): Argv {
  const octal = mode === undefined ? "" : mode.toString(8);
  return ["bash", "-c", writeScript, "bash", path, within, octal, id];
}

/** Find the system's name for what a command said of a file. */
export function reasonOf(said: string): string {
  const text = said.trim();
  for (const [words, code] of reasons) if (text.endsWith(words)) return code;
  return text.split("\n").at(-1) ?? "unknown";
}

const reasons: readonly (readonly [string, string])[] = [
  ["No such file or directory", "ENOENT"],
  ["Permission denied", "EACCES"],
  ["Operation not permitted", "EPERM"],
  ["Not a directory", "ENOTDIR"],
  ["Is a directory", "EISDIR"],
  ["File exists", "EEXIST"],
  ["Read-only file system", "EROFS"],
  ["No space left on device", "ENOSPC"],
  ["Disk quota exceeded", "EDQUOT"],
  ["Too many levels of symbolic links", "ELOOP"],
  ["File name too long", "ENAMETOOLONG"],
];

const fail = `export LC_ALL=C
fail() { printf '%s\\n' "$1" >&2; exit ${fileTrouble}; }
`;

/** The open file is looked at, not its name; without \`/proc\` the name has to do. */
const readScript = `${fail}
[ -z "$2" ] || ! [ -L "$1" ] || fail ELOOP
[ ! -d "$1" ] || fail EISDIR
[ ! -e "$1" ] || [ -f "$1" ] || fail 'not a regular file'
said=$( { exec 3<"$1"; } 2>&1 ) || fail "$said"
{ exec 3<"$1"; } 2>/dev/null || fail 'it was exchanged'
[ -f /dev/fd/3 ] || fail 'not a regular file'
if [ -n "$2" ]; then
  root=$(cd -P -- "$2" && pwd -P) || fail ENOENT
  place=$(readlink "/proc/$$/fd/3") || place=$(cd -P -- "$(dirname -- "$1")" && pwd -P)/
  case $place in "\${root%/}"/*) ;; *) fail "a link leads out of $2" ;; esac
fi
if [ -n "$3" ]; then exec head -c "$3" <&3; else exec cat <&3; fi
`;

const writeScript = `${fail}
path=$1 within=$2 mode=$3 draft=.ramure-$4.tmp
case $path in */*) folder=\${path%/*} ;; *) folder=. ;; esac
if [ -z "$within" ]; then
  said=$(mkdir -p -- "\${folder:-/}" 2>&1) || fail "$said"
  [ ! -d "$path" ] || fail EISDIR
  if target=$(readlink -f -- "$path"; printf x) && [ "$target" != x ]; then path=\${target%?x}; fi
  folder=\${path%/*}
  cd -P -- "\${folder:-/}" 2>/dev/null || fail ENOENT
else
  root=$(cd -P -- "$within" && pwd -P) || fail ENOENT
  way=\${path#"\${within%/}"/}
  [ "$way" != "$path" ] || fail "a link leads out of $within"
  cd -P -- "$root" || fail ENOENT
  while case $way in */*) true ;; *) false ;; esac; do
    step=\${way%%/*} way=\${way#*/}
    [ -n "$step" ] && [ "$step" != . ] || continue
    [ "$step" != .. ] || fail "a link leads out of $within"
    mkdir -- "$step" 2>/dev/null
    [ ! -L "./$step" ] || fail "a link leads out of $within"
    said=$(cd -P -- "./$step" 2>&1) || fail "$said"
    cd -P -- "./$step" 2>/dev/null || fail 'it was exchanged'
    case $(pwd -P)/ in "\${root%/}"/*) ;; *) fail "a link leads out of $within" ;; esac
  done
  path=./$way
  [ -n "$way" ] && [ "$way" != .. ] && [ ! -d "$path" ] || fail EISDIR
fi
name=\${path##*/}
if [ -z "$mode" ] && [ -f "./$name" ] && [ ! -L "./$name" ]; then
  mode=$(stat -c %a -- "./$name" 2>/dev/null || stat -f %Lp -- "./$name")
fi
trap 'rm -f -- "./$draft"' EXIT
[ -z "$mode" ] || umask 077
said=$( { cat > "./$draft"; } 2>&1 ) || fail "$said"
if [ -n "$mode" ]; then said=$(chmod "$mode" -- "./$draft" 2>&1) || fail "$said"; fi
said=$(mv -f -- "./$draft" "./$name" 2>&1) || fail "$said"
`;
