export { JournalCorruptError } from "./errors.ts";
export { setJournalAside } from "./files.ts";
export { type Journal, openJournal, problemText } from "./journal.ts";
export { isCopy, type JournalEntry, type JournalRecord } from "./line.ts";
export { readJournal } from "./reader.ts";
export { StreamArchive } from "./stream-archive.ts";
