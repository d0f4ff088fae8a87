/** Bytes of an element: half of an HMAC-SHA-256. */
export const elementBytes = 16;

/** Bits of a filter: 2^26 = 8 MiB, room for 3 million names at 22.5 bits each. 42 bits of hash are even over them to 2^-16. */
export const filterBitsMax: number = 2 ** 26;

/** Bits of a planned filter at least: 32 bytes. */
export const plannedBitsMin = 256;

/** Bits that an element sets. 32 is right for a false-positive rate of 2^-32, less than anybody asks for. */
export const filterHashesMax = 32;

/**
 * Changed bits in one delta: 65,536 × 4 B = 256 KiB. A change of one name touches about 16; beyond 4,000 names at once the
 * whole filter is the better message.
 */
export const deltaPositionsMax = 65_536;
