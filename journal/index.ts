/** The door of the journal: what the other parts may use. */
export { checkMetadata } from "./admission.js";
export { tracedMetadata } from "./traced-metadata.js";
export { decode, encode, sealOf, throughCodec } from "./codec.js";
export {
  AppendOutcomeUnknownError,
  ClaimNotHeldError,
  ClaimTakenError,
  CommandIdReusedError,
  JournalClosedError,
  JournalCorruptedError,
  JournalError,
  JournalFormatError,
  JournalFullError,
  JournalOverloadedError,
  JournalOwnedError,
  JournalPoisonedError,
  JournalReadOnlyError,
  UnreadableEventError,
  VersionConflictError,
  WriterFencedError,
  type ExpectedVersion,
} from "./errors.js";
export { eventIdOf } from "./event-id.js";
export {
  checkSources,
  SourceReader,
  type EventOfSources,
  type EventSource,
} from "./event-source.js";
export type {
  AppendRequest,
  ClaimChange,
  Commit,
  CommitSink,
  EventFilter,
  Journal,
  JournalFigures,
  ListOptions,
  Page,
  PageOptions,
  Snapshot,
  SnapshotCriteria,
  StreamReadOptions,
} from "./journal.js";
export { backup, copyBesideLog, type BackupReport } from "./lmdb/backup.js";
export { diskBytesOf } from "./lmdb/disk-bytes.js";
export { freeBytesOf } from "./lmdb/free-space.js";
export { lockStore, LogImport, type RecordBytes } from "./lmdb/log-import.js";
export type { LoggedRecord } from "./lmdb/log-row.js";
export { CREATED_BY, syncDirectory, type Manifest } from "./lmdb/manifest.js";
export { StoredLog } from "./lmdb/stored-log.js";
export { encodeRecord, eventCountOf, type CommitRecord } from "./record.js";
export { recordForm, recordOfForm } from "./record-form.js";
export { RecordSequence } from "./record-sequence.js";
export { KeyStoreError, type KeyStore, type WrappedKey } from "./keys.js";
export { backupKeys, restoreKeys, type KeysReport } from "./lmdb/keys-copy.js";
export { LmdbKeys } from "./lmdb/lmdb-keys.js";
export { MemoryKeys } from "./memory/memory-keys.js";
export { OwnerLock } from "./lmdb/owner-lock.js";
export { LmdbViews } from "./lmdb/lmdb-views.js";
export { JOURNAL_FORMAT_VERSION } from "./lmdb/manifest.js";
export { openLmdbJournal } from "./lmdb/open.js";
export { Salvager, type IncompleteStream, type SalvageReport, type Skips } from "./lmdb/salvage.js";
export {
  Verifier,
  type ProgressListener,
  type StoreProblem,
  type VerifyReport,
} from "./lmdb/verify.js";
export { MemoryJournal } from "./memory/memory-journal.js";
export { MemoryStore } from "./memory/memory-store.js";
export { MemoryViews } from "./memory/memory-views.js";
export { TIDEMARK_VERSION } from "./package-version.js";
export { isPlainlyRecordable, OwnedEvent } from "./owned-event.js";
export { readAll, type ReadAllOptions } from "./read-all.js";
export {
  Subscription,
  SubscriptionStoppedError,
  SubscriptionTimeoutError,
} from "./subscription.js";
export type { SubscriptionState, SubscriptionStatus } from "./subscription-options.js";
export { Upcaster, upcaster, Upcasters } from "./upcast.js";
export { compareViewKeys } from "./view-key-order.js";
export {
  VIEW_KEY_BYTES_MAX,
  viewKeyBytes,
  type ViewKey,
  type ViewKeyPart,
  type ViewRange,
  type ViewReader,
  type ViewRow,
  type ViewSnapshot,
  type ViewStore,
  type ViewTable,
  type ViewWrite,
} from "./views.js";
