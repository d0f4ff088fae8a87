/** Characters (code points) of an atom: the emulator's own `MAX_ATOM_CHARACTERS`. At most 4 × 255 = 1020 bytes of UTF-8. */
export const atomCharactersMax = 255;

/** Words of a reference: 3 until OTP 23, 5 since (ERTS User's Guide, `NEWER_REFERENCE_EXT`). */
export const referenceWordsMax = 5;

/**
 * Nesting that no limit may exceed. One level costs the decoder two frames of about 200 bytes:
 * 2,000 × 2 × 200 B = 0.8 MB would be too near to Node's default stack of 984 KiB, 1,000 levels need 0.4 MB.
 */
export const depthCeiling = 1_000;

/**
 * A map inside the *key* of a map, inside the key of a map, …: each level reads the inner key once more to compare it, so
 * this number multiplies the cost of decoding. Real programs use 1.
 */
export const mapKeyDepthMax = 8;

/** What {@link decodeTerm} accepts from a peer. */
export interface DecodeLimits {
  /** Levels of nesting. Default 512, bounds 1 to {@link depthCeiling} (larger values count as the ceiling). */
  readonly depthMax: number;
  /**
   * Terms in all, counting each list element, each tuple element, and each map's keys and values. Default 4,194,304.
   * The worst term costs 1 byte on the wire (`[]`) and about 24 bytes in memory: 4 Mi × 24 B = 96 MiB.
   */
  readonly elementsMax: number;
  /** Bytes of one bignum. Default 524,288 = 2^22 bits, the largest integer that OTP computes itself. */
  readonly integerBytesMax: number;
  /**
   * Bytes that a compressed term may hold; 0 refuses all. Default 16,777,216 = 16 MiB, which 16 KiB on the wire can claim, since
   * deflate packs 1,032 bytes into one. That much memory is taken for the time of decoding, and as long as its binaries are kept.
   */
  readonly uncompressedBytesMax: number;
}

/** The limits used where the caller names none. */
export const defaultDecodeLimits: DecodeLimits = {
  depthMax: 512,
  elementsMax: 4_194_304,
  integerBytesMax: 524_288,
  uncompressedBytesMax: 16_777_216,
};
