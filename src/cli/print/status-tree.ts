import { isFinished, type TreeNode } from "../../supervisors/runtime/outside.ts";

/** A line of the tree: a node, or what stands for those that are not shown. */
export type TreeLine =
  /** A node that is shown. */
  | {
      readonly type: "node";
      readonly branch: string;
      readonly name: string;
      readonly node: TreeNode;
    }
  /** The number of nodes that are not shown. */
  | { readonly type: "hidden"; readonly branch: string; readonly text: string };

export interface StatusTreeOptions {
  readonly unicode: boolean;
  /** Finished children shown of one parent; older ones are counted. Default: 5. */
  readonly finished?: number | undefined;
}

interface Glyphs {
  readonly tee: string;
  readonly corner: string;
  readonly bar: string;
  readonly more: string;
}

const unicodeGlyphs: Glyphs = { tee: "├─ ", corner: "└─ ", bar: "│  ", more: "…" };
const asciiGlyphs: Glyphs = { tee: "|- ", corner: "`- ", bar: "|  ", more: "..." };

/** Lay out nodes as a tree; those whose parent is not among them are roots, named by their whole path. */
export function treeLines(
  nodes: readonly TreeNode[],
  { unicode, finished = 5 }: StatusTreeOptions,
): readonly TreeLine[] {
  const glyphs = unicode ? unicodeGlyphs : asciiGlyphs;
  const { roots, children } = families(nodes);
  const below = (parent: TreeNode, indent: string): readonly TreeLine[] => {
    const { shown, hidden } = sorted(children.get(parent.path) ?? [], finished);
    const lines = shown.flatMap((node, index): readonly TreeLine[] => {
      const isLast = index === shown.length - 1 && hidden.length === 0;
      const branch = indent + (isLast ? glyphs.corner : glyphs.tee);
      const inner = below(node, indent + (isLast ? "   " : glyphs.bar));
      return [{ type: "node", branch, name: nameOf(node.path), node }, ...inner];
    });
    return [...lines, ...hiddenLine(hidden, indent, glyphs)];
  };
  return roots.flatMap((node): readonly TreeLine[] => [
    { type: "node", branch: "", name: rootName(node.path), node },
    ...below(node, ""),
  ]);
}

function families(nodes: readonly TreeNode[]) {
  const known = new Set(nodes.map((node) => node.path));
  const children = new Map<string, TreeNode[]>();
  for (const node of nodes) {
    const parent = parentOf(node.path);
    const siblings = children.get(parent);
    if (siblings) siblings.push(node);
    else children.set(parent, [node]);
  }
  return { roots: nodes.filter((node) => !known.has(parentOf(node.path))), children };
}

/** The newest finished children stay, in their place among the others. */
function sorted(children: readonly TreeNode[], finished: number) {
  const ended = children.filter((child) => isFinished(child.state));
  const newest = [...ended].sort((a, b) => b.since - a.since).slice(0, finished);
  const kept = new Set(newest);
  const isShown = (child: TreeNode) => !isFinished(child.state) || kept.has(child);
  return {
    shown: children.filter(isShown),
    hidden: children.filter((child) => !isShown(child)),
  };
}

function hiddenLine(
  hidden: readonly TreeNode[],
  indent: string,
  glyphs: Glyphs,
): readonly TreeLine[] {
  if (hidden.length === 0) return [];
  const counts = new Map<string, number>();
  for (const { state } of hidden) counts.set(state, (counts.get(state) ?? 0) + 1);
  const text = [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
  return [{ type: "hidden", branch: indent + glyphs.corner, text: `${glyphs.more} ${text}` }];
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The run's own root is called by its name; the root of a subtree by its path. */
function rootName(path: string): string {
  return path.lastIndexOf("/") === 0 ? nameOf(path) : path;
}
