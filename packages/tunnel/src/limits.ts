/** Half a tunnel id, bytes: 128 random bits from each side, so that neither alone chooses the id. */
export const tunnelIdHalfBytes = 16;

/** A tunnel id, bytes: the initiator's half, then the responder's. */
export const tunnelIdBytes: number = 2 * tunnelIdHalfBytes;

/** A boot id, bytes: random at process start, tells a restarted agent from the one before. */
export const bootIdBytes = 16;

/** Longest offer or answer, bytes: what OPEN and OPEN_OK of `@macula/wire` carry. A first offer needs 55. */
export const handshakeBytesMax = 8192;

/** Versions one offer may list. Two exist; sixteen leave room without letting an offer be a work list. */
export const offeredVersionsMax = 16;

/** Longest node name, bytes of UTF-8: 255 characters of an Erlang atom, four bytes each. */
export const nodeNameBytesMax = 1020;

/** Longest realm, bytes of UTF-8. */
export const realmBytesMax = 255;

/**
 * Most data bytes of one DATA record: 64 KiB. With type and offset (9 bytes) it stays below the 65,600 bytes a sealed
 * record may hold, and 29 bytes of framing are 0.04 % of it.
 */
export const dataBytesMax = 65_536;

/** Data up to this size is joined with its record's head before sealing, bytes: one piece costs less than two. */
export const joinBytesMax = 1024;

/** Longest record other than DATA, bytes: END with its text is the longest, 3 + 1,024. */
export const controlBytesMax = 1088;

/** Longest text of an END record, bytes of UTF-8; a longer one is cut. */
export const endTextBytesMax = 1024;

/** Default of `ringBytesMax`, bytes: 1 MiB fills 1 Gbit/s at 8 ms round trip, 100 Mbit/s at 80 ms. */
export const ringBytesDefault: number = 1024 * 1024;

/** Largest ring and window, bytes: 4 MiB; 100 tunnels then hold at most 100 × 2 × 4 MiB = 800 MiB. */
export const ringBytesCeiling: number = 4 * 1024 * 1024;

/** Unsent bytes at which reading from the local socket pauses: 256 KiB, four full records. */
export const unsentBytesDefault: number = 256 * 1024;

/** Most bytes one `handleLocalData` may bring over a full ring: the read that was under way when reading paused. */
export const localChunkBytesMax: number = 1024 * 1024;

/** Local chunks below this size are copied together, bytes; else 1-byte writes would cost 100 bytes of memory each. */
export const coalesceBytesMax = 4096;

/** Size of the blocks small local chunks are copied to, bytes: a 1 MiB ring is at most 64 of them plus large chunks. */
export const coalesceBlockBytes: number = 16 * 1024;

/** An ACK is due when this part of the window was newly accepted: 4 acks per window keep the sender going. */
export const acksPerWindow = 4;

/** Milliseconds an acknowledgement may wait for more: at most 50 ACK records a second on a trickle. */
export const ackDelayMs = 20;

/** Default of `offsetLimit`, bytes of one direction: integers stay exact below 2^53; 104 days at 1 GB/s. */
export const offsetLimitDefault: number = Number.MAX_SAFE_INTEGER - localChunkBytesMax;

/** Milliseconds without a valid record until an idle side sends PING. */
export const idlePingMs = 15_000;

/**
 * Milliseconds without any valid record after a PING until the tunnel is given up: an agent, a relay or a network that stands still
 * for 20 s costs no link, as over TCP; net_ticktime decides about shorter ones.
 */
export const pingTimeoutMs = 30_000;

/** With data outstanding: least silence in milliseconds until a PING. Four acknowledgement delays and much jitter fit. */
export const silenceMinMs = 400;

/** With data outstanding: silence until a PING, in smoothed round trips. */
export const silenceRoundTrips = 4;

/** Default of `confirmTimeoutMs`: a responder's pending handshake is dropped after 10 s. */
export const confirmTimeoutDefaultMs = 10_000;

/** Default of `establishTimeoutMs`: DIST_TIMEOUT of macula, 25 s from OPEN to the responder's READY. */
export const establishTimeoutDefaultMs = 25_000;

/** Milliseconds a sent END waits for the peer to finish the path, unless data goes before it. */
export const endLingerMs = 1000;

/** Milliseconds without progress after which data of a closed local socket is given up and END sent. */
export const drainTimeoutMs = 30_000;

/** A timer this much too late means that this process slept (suspend, SIGSTOP), not that the peer was silent. */
export const clockJumpMs = 5000;
