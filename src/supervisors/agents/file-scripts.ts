/*
 * Shell for both ends of a file's way from agent to agent. It needs what POSIX has, and `base64`,
 * `head -c` and `sha256sum` or `shasum`, which every Linux, busybox and macOS has.
 *
 * An agent owns its work directory, and may swap a name in it at any moment for a link, a pipe or a
 * directory. So each script stands in the directory itself (`cd`), asks where it stands (`pwd -P`),
 * and asks of a file that it has opened what it is. A pipe that is swapped in holds up the script
 * alone, until its time is over.
 *
 * Exit codes: 14 a link leads out, 15 a part of the path is a file, 16 no file, 17 no free name.
 */

/** Stands in `$1` and knows where that is. */
const enterRoot = `
cd -P -- "$1" || exit 1
root=$(pwd -P)
within() { case "$1/" in "\${root%/}/"*) ;; *) exit 14 ;; esac; }
`;

/** Writes the permissions and size of `$3` in the directory `$2`, and its content unless that is over `$4` bytes. */
export const readScript = `${enterRoot}
[ -d "./$2" ] || exit 16
cd -P -- "./$2" || exit 16
within "$(pwd -P)"
[ -L "./$3" ] && exit 14
[ -f "./$3" ] || exit 16
exec 3<"./$3"
[ -f /dev/fd/3 ] || exit 16
if [ -e /proc/self/fd/3 ]; then within "$(readlink /proc/self/fd/3)"
else [ ! -L "./$3" ] && [ /dev/fd/3 -ef "./$3" ] || exit 14
fi
facts=$(ls -lnL /dev/fd/3) || exit 1
max=$4
set -f
set -- $facts
printf '%s %s\\n' "$1" "$5"
[ "$5" -gt "$max" ] && exit 0
head -c "$((max + 1))" <&3 | base64
`;

/**
 * Writes its input into the directory `$2` as `$3$4`, or with the first number between that is free,
 * by way of the draft `$5`, with the permissions `$6`. Says the sum of what lies there, and its name.
 */
export const writeScript = `${enterRoot}
rest=$2
while [ -n "$rest" ]; do
  part=\${rest%%/*}
  case $rest in */*) rest=\${rest#*/} ;; *) rest= ;; esac
  [ -n "$part" ] || continue
  [ -e "./$part" ] || mkdir -- "./$part" 2>/dev/null
  [ -L "./$part" ] && [ ! -e "./$part" ] && exit 14
  [ -d "./$part" ] || exit 15
  cd -P -- "./$part" || exit 15
  within "$(pwd -P)"
done
umask 077
set -C
trap 'rm -f "./$5"' EXIT
cat >"./$5" || exit 1
chmod "$6" "./$5" || exit 1
name=$3$4
number=1
until [ ! -e "./$name" ] && [ ! -L "./$name" ] && (: >"./$name") 2>/dev/null; do
  number=$((number + 1))
  [ "$number" -gt 1000 ] && exit 17
  name=$3-$number$4
done
mv -f "./$5" "./$name" || exit 1
sum=$( (sha256sum 2>/dev/null || shasum -a 256) <"./$name")
printf '%.64s %s\\n' "$sum" "$name"
`;
