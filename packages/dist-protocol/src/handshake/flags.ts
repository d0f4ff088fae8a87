/**
 * Capability flags that nodes tell each other in their handshake. What both have is what they may use.
 *
 * | flag | bit | OTP calls it `DFLAG_…` | demanded since | what it allows |
 * |---|---|---|---|---|
 * | `published` | 0 | `PUBLISHED` | | the node is to be seen in `nodes()`; without it, or without the other's, it is hidden |
 * | `extendedReferences` | 2 | `EXTENDED_REFERENCES` | OTP 25 | references of several words |
 * | `distMonitor` | 3 | `DIST_MONITOR` | | monitors across nodes |
 * | `funTags` | 4 | `FUN_TAGS` | OTP 25 | funs |
 * | `distMonitorName` | 5 | `DIST_MONITOR_NAME` | | monitors of registered names |
 * | `newFunTags` | 7 | `NEW_FUN_TAGS` | OTP 25 | funs, with the hash of their module |
 * | `extendedPidsPorts` | 8 | `EXTENDED_PIDS_PORTS` | OTP 25 | longer pids and ports |
 * | `exportPtrTag` | 9 | `EXPORT_PTR_TAG` | OTP 25 | `fun m:f/a` |
 * | `bitBinaries` | 10 | `BIT_BINARIES` | OTP 25 | bit strings |
 * | `newFloats` | 11 | `NEW_FLOATS` | OTP 25 | floats of 64 bits instead of digits |
 * | `unicodeIo` | 12 | `UNICODE_IO` | | `io` requests with Unicode |
 * | `distHdrAtomCache` | 13 | `DIST_HDR_ATOM_CACHE` | | packets begin with a distribution header and refer to an atom cache |
 * | `smallAtomTags` | 14 | `SMALL_ATOM_TAGS` | | atoms with a length of one byte |
 * | `utf8Atoms` | 16 | `UTF8_ATOMS` | OTP 25 | atoms in UTF-8 |
 * | `mapTag` | 17 | `MAP_TAG` | OTP 25 | maps |
 * | `bigCreation` | 18 | `BIG_CREATION` | OTP 25 | creations of 32 bits |
 * | `sendSender` | 19 | `SEND_SENDER` | | messages name their sender |
 * | `bigSeqtraceLabels` | 20 | `BIG_SEQTRACE_LABELS` | | any term as the label of a sequential trace |
 * | `exitPayload` | 22 | `EXIT_PAYLOAD` | | exit reasons are terms of their own behind the control message |
 * | `fragments` | 23 | `FRAGMENTS` | | large messages go in fragments |
 * | `handshake23` | 24 | `HANDSHAKE_23` | OTP 25 | the handshake of OTP 23, the only one here |
 * | `unlinkId` | 25 | `UNLINK_ID` | OTP 26 | `unlink` is acknowledged |
 * | `mandatory25Digest` | 26 | `MANDATORY_25_DIGEST` | | stands for all that OTP 25 demands |
 * | `spawn` | 32 | `SPAWN` | | `spawn_request` |
 * | `nameMe` | 33 | `NAME_ME` | | the initiator has no name and wants one; an acceptor that gives one says it too |
 * | `v4Nc` | 34 | `V4_NC` | OTP 26 | pids, ports and references of 32 and 64 bits |
 * | `alias` | 35 | `ALIAS` | | process aliases |
 * | `altactSig` | 37 | `ALTACT_SIG` | | prioritised signals (OTP 28) |
 * | `nativeRecords` | 38 | `NATIVE_RECORDS` | | records as terms of their own (OTP 29) |
 *
 * Bits 1 and 6 are atom caches of before OTP R13; 15, 21 and 36 mean something inside an emulator only.
 *
 * Source: ERTS User's Guide, "Distribution Flags"; `dist.h` of the emulator; `erts_internal:get_dflags()` of OTP 25, 27 and 29.
 */
export const DistFlag = {
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
  distHdrAtomCache: 0x2000n,
  smallAtomTags: 0x4000n,
  utf8Atoms: 0x10000n,
  mapTag: 0x20000n,
  bigCreation: 0x40000n,
  sendSender: 0x80000n,
  bigSeqtraceLabels: 0x100000n,
  exitPayload: 0x400000n,
  fragments: 0x800000n,
  handshake23: 0x1000000n,
  unlinkId: 0x2000000n,
  mandatory25Digest: 0x4000000n,
  spawn: 0x100000000n,
  nameMe: 0x200000000n,
  v4Nc: 0x400000000n,
  alias: 0x800000000n,
  altactSig: 0x2000000000n,
  nativeRecords: 0x4000000000n,
} as const;

/** What OTP 25 demands, and `mandatory25Digest` stands for. */
const mandatoryIn25: bigint =
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

/**
 * What this package needs of a peer: what OTP 25 always has. That is more than what OTP demands, which also connects with C nodes
 * (`erl_interface`), that have no processes to monitor or to spawn.
 */
export const requiredFlags: bigint =
  mandatoryIn25 |
  DistFlag.v4Nc |
  DistFlag.unlinkId |
  DistFlag.distMonitor |
  DistFlag.distMonitorName |
  DistFlag.sendSender |
  DistFlag.exitPayload |
  DistFlag.spawn |
  DistFlag.alias;

/** What this package can do, for a hidden node: the same as OTP 29. Add `published` for one that is to be seen. */
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
  return (flags & DistFlag.mandatory25Digest) === 0n ? flags : flags | mandatoryIn25;
}
