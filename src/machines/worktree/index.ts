export { WorktreeImage, type WorktreeOf, type WorktreeOptions } from "./worktree.ts";
