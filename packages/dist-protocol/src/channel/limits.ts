/** Bytes of a message that OTP puts into one packet before it begins another: `ERTS_DIST_FRAGMENT_SIZE`. */
export const fragmentBytes: number = 64 * 1024;

/** Entries of the atom cache: 8 segments of 256 (ERTS User's Guide, "Distribution Header"). */
export const atomCacheEntries: number = 8 * 256;

/** What a channel accepts from its peer. */
export interface ChannelLimits {
  /** Bytes of one packet. Default 2^31 − 1: a peer that knows no fragments sends a message of any size in one. */
  readonly packetBytesMax: number;
  /**
   * Bytes of all unfinished messages together. Default 2^31 − 1. Memory is taken as bytes come: a peer has to
   * send what it wants to be held.
   */
  readonly assemblyBytesMax: number;
  /** Messages that may be unfinished at one time. Default 65,536: OTP has one for each process that sends. */
  readonly assembliesMax: number;
}

/** The limits used where the caller names none. */
export const defaultChannelLimits: ChannelLimits = {
  packetBytesMax: 0x7fff_ffff,
  assemblyBytesMax: 0x7fff_ffff,
  assembliesMax: 65_536,
};
