export { decodeMessage, encodeMessage, messageBytes } from './codec.js';
export { Directory } from './directory.js';
export { DirectoryError, type DirectoryErrorCode } from './errors.js';
export {
  lifetimeMs,
  membersMax,
  namesMax,
  ownersPerName,
  recordsMaxDefault,
  recordsPerMessageMax,
  refreshMs,
  settleMs,
} from './limits.js';
export type {
  AnswerMessage,
  AskMessage,
  DirectoryMessage,
  HeldSummary,
  OutdoneMessage,
  PlacedMessage,
  PlacedStatus,
  PlaceMessage,
} from './messages.js';
export type {
  DirectoryOptions,
  DirectoryOutput,
  DirectoryTimeout,
  LookupOutcome,
  LossReason,
} from './options.js';
export { compareSessions, type IdentityRank, isEarlierIdentity, type SessionRank } from './precedence.js';
export {
  type DirectoryRecord,
  type OwnName,
  outranks,
  type RecordSigner,
  recordBytes,
  type UnsignedRecord,
  unsignedRecords,
} from './record.js';
export { Rendezvous, rendezvousWeight } from './rendezvous.js';
