/**
 * Capability flags that nodes tell each other in their handshake (ERTS User's Guide, "Distribution Flags"; `dist.h` of the emulator).
 * What both have is what they may use.
 */
export const DistFlag = {
  /** The node is to be seen in `nodes()`; without it it is hidden. */
  published: 1n << 0n,
  extendedReferences: 1n << 2n,
  distMonitor: 1n << 3n,
  funTags: 1n << 4n,
  distMonitorName: 1n << 5n,
  newFunTags: 1n << 7n,
  extendedPidsPorts: 1n << 8n,
  exportPtrTag: 1n << 9n,
  bitBinaries: 1n << 10n,
  newFloats: 1n << 11n,
  unicodeIo: 1n << 12n,
  /** Packets begin with a distribution header and refer to an atom cache. */
  distHdrAtomCache: 1n << 13n,
  smallAtomTags: 1n << 14n,
  utf8Atoms: 1n << 16n,
  mapTag: 1n << 17n,
  bigCreation: 1n << 18n,
  /** Messages name their sender. */
  sendSender: 1n << 19n,
  bigSeqtraceLabels: 1n << 20n,
  /** Exit reasons are terms of their own behind the control message. */
  exitPayload: 1n << 22n,
  /** Large messages go in fragments. */
  fragments: 1n << 23n,
  handshake23: 1n << 24n,
  unlinkId: 1n << 25n,
  /** Stands for all that OTP 25 demands. */
  mandatory25Digest: 1n << 26n,
  spawn: 1n << 32n,
  /** The initiator has no name and wants one (dynamic node name). */
  nameMe: 1n << 33n,
  /** Pids, ports and references of 32 and 64 bits. */
  v4Nc: 1n << 34n,
  alias: 1n << 35n,
  /** Prioritised signals (OTP 28). */
  altactSig: 1n << 37n,
  /** Records as terms of their own (OTP 29). */
  nativeRecords: 1n << 38n,
} as const;

/** What this package needs of a peer: what OTP 25 has always. */
export const requiredFlags: bigint =
  DistFlag.extendedReferences |
  DistFlag.funTags |
  DistFlag.extendedPidsPorts |
  DistFlag.utf8Atoms |
  DistFlag.newFunTags |
  DistFlag.bigCreation |
  DistFlag.newFloats |
  DistFlag.mapTag |
  DistFlag.exportPtrTag |
  DistFlag.bitBinaries |
  DistFlag.handshake23 |
  DistFlag.distMonitor |
  DistFlag.distMonitorName |
  DistFlag.sendSender |
  DistFlag.exitPayload |
  DistFlag.unlinkId |
  DistFlag.v4Nc |
  DistFlag.spawn |
  DistFlag.alias;

/** What this package can do, for a hidden node. */
export const supportedFlags: bigint =
  requiredFlags |
  DistFlag.unicodeIo |
  DistFlag.smallAtomTags |
  DistFlag.distHdrAtomCache |
  DistFlag.bigSeqtraceLabels |
  DistFlag.fragments |
  DistFlag.mandatory25Digest |
  DistFlag.altactSig |
  DistFlag.nativeRecords;

/** Names of the flags in `flags`, for an error message. */
export function flagNames(flags: bigint): string[] {
  return Object.entries(DistFlag)
    .filter(([, flag]) => (flags & flag) !== 0n)
    .map(([name]) => name);
}

/** What `flags` means: a peer that only says `mandatory25Digest` has everything that OTP 25 demands. */
export function withImpliedFlags(flags: bigint): bigint {
  return (flags & DistFlag.mandatory25Digest) === 0n ? flags : flags | impliedBy25;
}

const impliedBy25 =
  DistFlag.extendedReferences |
  DistFlag.funTags |
  DistFlag.extendedPidsPorts |
  DistFlag.utf8Atoms |
  DistFlag.newFunTags |
  DistFlag.bigCreation |
  DistFlag.newFloats |
  DistFlag.mapTag |
  DistFlag.exportPtrTag |
  DistFlag.bitBinaries |
  DistFlag.handshake23;
