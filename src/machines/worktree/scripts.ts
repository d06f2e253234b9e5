import type { Argv } from "../machine.ts";

export interface EnterWords {
  readonly branch: string;
  /** The folder of the worktree, one step below `folder`. */
  readonly name: string;
  readonly from: string;
  /** Empty: `.worktrees` at the top of the repository. */
  readonly folder: string;
  readonly copy: readonly string[];
}

/**
 * The words that make a worktree, or find the one that is there. They print its root and the way to
 * the work directory in it, or why they refuse on stderr.
 */
export function enterWords({ branch, name, from, folder, copy }: EnterWords): Argv {
  return ["bash", "-c", enterScript, "bash", branch, name, from, folder, ...copy];
}

/** The words that remove a worktree in which nothing would be lost. They print `gone`, `merged`, or why it stays. */
export function leaveWords(tree: string, from: string): Argv {
  return ["bash", "-c", leaveScript, "bash", tree, from];
}

const begin = `export LC_ALL=C
fail() { printf '%s\\n' "$1" >&2; exit 90; }
`;

/**
 * A branch that is there is continued: its task was restarted. Two tasks begin at once, and git locks
 * the list of worktrees only while it writes, so a refusal is tried again.
 */
const enterScript = `${begin}
branch=$1 name=$2 from=$3 folder=$4; shift 4
command -v git >/dev/null || fail 'there is no git; install it there: apt-get install -y git'
said=$(git rev-parse --show-toplevel 2>&1) || fail "$said"
top=$(git rev-parse --show-toplevel; printf x) top=\${top%?x}
way=$(git rev-parse --show-prefix; printf x) way=\${way%?x}
git check-ref-format "refs/heads/$branch" || fail "$branch cannot be the name of a branch"
git rev-parse --verify --quiet "$from^{commit}" >/dev/null || fail "there is no commit $from; make a first one, or give another \\\`from\\\`"
for file do
  [ -e "$top/$file" ] || fail "$file, which is to be copied, is not there"
  git -C "$top" check-ignore -q -- "$file" || fail "$file, which is to be copied, is not ignored by git; commit it instead"
done
if [ -z "$folder" ]; then
  folder=$top/.worktrees
  said=$(mkdir -p -- "$folder" 2>&1 && { [ -e "$folder/.gitignore" ] || printf '*\\n' > "$folder/.gitignore"; } 2>&1) || fail "$said"
fi
tree=$folder/$name
if ! [ -e "$tree/.git" ]; then
  git worktree prune
  rounds=0
  while
    if git show-ref --verify --quiet "refs/heads/$branch"; then
      said=$(git worktree add -- "$tree" "$branch" 2>&1)
    else
      said=$(git worktree add --no-track -b "$branch" -- "$tree" "$from" 2>&1)
    fi
    ! [ $? -eq 0 ]
  do
    rounds=$((rounds + 1))
    [ $rounds -lt 10 ] || fail "$said"
    sleep 0.2
  done
  for file do
    case $file in */*) mkdir -p -- "$tree/\${file%/*}" ;; esac
    said=$(cp -Rp -- "$top/$file" "$tree/$file" 2>&1) || { git worktree remove --force --force -- "$tree"; fail "$said"; }
  done
fi
cd -- "$tree/$way" 2>/dev/null || way=
printf '%s\\0' "$tree" "$way"
`;

/** Work that is in no commit stays, and so do commits that no branch has. */
const leaveScript = `${begin}
tree=$1 from=$2
[ -e "$tree/.git" ] || { echo gone; exit; }
status=$(git -C "$tree" status --porcelain 2>&1) || fail "$status"
[ -z "$status" ] || fail 'it has changes that are not committed'
branch=$(git -C "$tree" symbolic-ref --quiet --short HEAD) || fail 'it is on no branch'
common=$(cd -- "$tree" && cd -- "$(git rev-parse --git-common-dir)" && pwd -P; printf x) common=\${common%?x}
said=$(git --git-dir="$common" worktree remove -- "$tree" 2>&1) || fail "$said"
if git --git-dir="$common" merge-base --is-ancestor "refs/heads/$branch" "$from" 2>/dev/null; then
  git --git-dir="$common" branch -q -D -- "$branch" && echo merged && exit
fi
printf 'branch %s\\n' "$branch"
`;
