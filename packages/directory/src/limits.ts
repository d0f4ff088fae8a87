/** Relays that keep each name: any two may be gone, and two of them can agree. */
export const ownersPerName = 3;

/** Bytes of an element: half of an HMAC-SHA-256, as in `@macula/bloom`. */
export const elementBytes = 16;

/** Bytes of an identity: an Ed25519 public key. */
export const identityBytes = 32;

/** Bytes of a boot id. */
export const bootIdBytes = 16;

/** Characters of a relay's id, visible ASCII: a key in hexadecimal has 64. */
export const relayIdCharactersMax = 128;

/** Bytes of a record's signature: Ed25519 has 64. */
export const signatureBytesMax = 128;

/** Records, and dropped elements, in one message: 64 × 228 B = 15 kB, a turn of a peering's control stream. */
export const recordsPerMessageMax = 64;

/** Relays in the mesh, this one included: as many as a membership knows. */
export const membersMax = 4_096;

/** Own names: 1,000 sessions with 64 names each. */
export const namesMax = 65_536;

/** Records that an owner keeps, default: 262,144 × ~600 B = 160 MB. With 1,000 names at each relay it keeps 3,000. */
export const recordsMaxDefault = 262_144;

/** Records that an owner keeps for one relay, however few relays there are: all names of that relay. */
export const recordsPerRelayMax: number = namesMax;

/** Milliseconds that a change of an own name waits for others that go to the same owner. */
export const batchMs = 50;

/** Milliseconds until a message to an owner that was not answered is made anew, or four round trips; doubled up to {@link retryMsMax}. */
export const retryMsMin = 500;

/** The longest wait for an owner's answer, and for one that says again and again that it holds something else. */
export const retryMsMax = 30_000;

/** Milliseconds until an owner that has no room is asked again. */
export const fullRetryMs = 60_000;

/** Milliseconds in which each owner is asked once whether it still holds what it should: 1,000 owners × 124 B in 15 min are 8 kB a minute. */
export const refreshMs = 900_000;

/** Milliseconds that an owner keeps what is not refreshed: three times {@link refreshMs}, so that two refreshes may fail. */
export const lifetimeMs: number = 3 * refreshMs;

/**
 * Milliseconds after a change of the members in which owners may not have their records yet: the change gets around (2 s), records are batched and
 * sent, some of them four times (0.5 + 1 + 2 s). Former owners keep theirs for as long.
 */
export const settleMs = 10_000;

/** Milliseconds until the next owner is asked beside one that has not answered, or two round trips. */
export const hedgeMsMin = 100;

/** Milliseconds that a lookup takes at most. */
export const lookupMs = 3_000;

/** Lookups under way: 4,096 × ~1 kB = 4 MB. */
export const lookupsMax = 4_096;

/** Wrong answers that a lookup remembers: the caller tries three nodes at most. */
export const exceptionsMax = 8;

/** Milliseconds that a found record is believed without asking. */
export const foundMs = 30_000;

/** Milliseconds that a name is taken to be nowhere without asking. */
export const absentMs = 2_000;

/** Answers remembered: 16,384 × ~600 B = 10 MB. */
export const cacheMax = 16_384;
