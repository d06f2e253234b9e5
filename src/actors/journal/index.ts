export { JournalCorruptError } from "./errors.ts";
export { syncFolder } from "./file.ts";
export { type Journal, openJournal } from "./journal.ts";
export { isCopy, type JournalEntry, type JournalRecord } from "./line.ts";
export { readJournal } from "./reader.ts";
export { StreamArchive } from "./stream-archive.ts";
