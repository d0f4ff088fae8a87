/** Largest frame body after its 4-byte length, bytes: 64 KiB; control messages need a few hundred. */
export const frameBytesMax: number = 64 * 1024;

/** Bytes a peer may send before its HELLO is accepted: 64 KiB. */
export const helloBytesMax: number = 64 * 1024;

/** Milliseconds until an unfinished HELLO is dropped. */
export const helloTimeoutMs = 5000;

/** Longest node name, bytes of UTF-8: an Erlang atom has at most 255 characters, four bytes each. */
export const nodeNameBytesMax = 1020;

/** Longest realm, bytes of UTF-8. */
export const realmBytesMax = 255;

/** Names one session may advertise. */
export const namesPerSessionMax = 64;

/** Longest end-to-end offer or answer in OPEN and OPEN_OK, bytes: a share, a Noise message, names and versions. */
export const openPayloadBytesMax = 8192;

/** Relays an OPEN may visit (agent's relay included) before `hop_limit`. */
export const hopLimitDefault = 3;

/** Relays named in an OPEN as visited or being asked. */
export const visitedRelaysMax = 1024;

/** Depth of nesting in a message body. */
export const bodyDepthMax = 6;

/** Longest explanation text in a message, bytes. */
export const textBytesMax = 1024;

/** Longest token of a realm, bytes. */
export const tokenBytesMax = 4096;

/** Sessions that an OPEN may exclude: three retries, and room for more. */
export const excludedSessionsMax = 8;

/** Relays that an OPEN may name as the other node's: as many as a RELAYS record of the tunnel lists. */
export const hintedRelaysMax = 8;

/** Bytes of UTF-8 of all names of one session together: with {@link ownedEntryBytesMax} it fits a frame. */
export const nameBytesPerSessionMax: number = 32 * 1024;

/** Largest entry of OWNED, bytes: the names of a session, 11 bytes beside each, and 300 for the rest. Half as much again is spare. */
export const ownedEntryBytesMax: number = 48 * 1024;

/** Largest `ageMs` of OWNED, milliseconds: ten minutes, after which a relay that was not heard is no longer known; what is older says so much. */
export const ownedAgeMsMax = 600_000;

/** Relays asked about in one OWNED_HAVE: 52 bytes each make 52 KiB, which fits a frame. */
export const ownedOriginsMax = 1024;

/** Names in one PRESENCE: with {@link presenceBytesMax} it fits a frame. */
export const presenceNamesMax = 1024;

/** Bytes of UTF-8 of all names in one PRESENCE together. */
export const presenceBytesMax: number = 32 * 1024;

/** Longest time that GOODBYE may ask to wait, milliseconds: ten minutes. */
export const retryMsMax = 600_000;

/** Largest message of the membership protocol, bytes: a list of 100 members. */
export const swimMessageBytesMax: number = 48 * 1024;

/** Largest piece of a routing filter, and largest delta, bytes. */
export const filterPartBytesMax: number = 48 * 1024;

/** Largest routing filter, bytes: 2^26 bits and its head. */
export const filterBytesMax: number = 2 ** 23 + 22;
