/**
 * Capability flags that nodes tell each other in their handshake (ERTS User's Guide, "Distribution Flags"; `dist.h` of the emulator).
 * What both have is what they may use.
 */
export const DistFlag = {
  /** The node is to be seen in `nodes()`; without it it is hidden. */
  published: 0x1n,
  extendedReferences: 0x4n,
  distMonitor: 0x8n,
  funTags: 0x10n,
  distMonitorName: 0x20n,
  newFunTags: 0x80n,
  extendedPidsPorts: 0x100n,
  exportPtrTag: 0x200n,
  bitBinaries: 0x400n,
  newFloats: 0x800n,
  unicodeIo: 0x1000n,
  /** Packets begin with a distribution header and refer to an atom cache. */
  distHdrAtomCache: 0x2000n,
  smallAtomTags: 0x4000n,
  utf8Atoms: 0x10000n,
  mapTag: 0x20000n,
  bigCreation: 0x40000n,
  /** Messages name their sender. */
  sendSender: 0x80000n,
  bigSeqtraceLabels: 0x100000n,
  /** Exit reasons are terms of their own behind the control message. */
  exitPayload: 0x400000n,
  /** Large messages go in fragments. */
  fragments: 0x800000n,
  handshake23: 0x1000000n,
  unlinkId: 0x2000000n,
  /** Stands for all that OTP 25 demands. */
  mandatory25Digest: 0x4000000n,
  spawn: 0x100000000n,
  /** The initiator has no name and wants one (dynamic node name). */
  nameMe: 0x200000000n,
  /** Pids, ports and references of 32 and 64 bits. */
  v4Nc: 0x400000000n,
  alias: 0x800000000n,
  /** Prioritised signals (OTP 28). */
  altactSig: 0x2000000000n,
  /** Records as terms of their own (OTP 29). */
  nativeRecords: 0x4000000000n,
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
