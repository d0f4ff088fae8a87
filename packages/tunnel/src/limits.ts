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

/** Most relays a RELAYS record lists: more than an agent has sessions with. */
export const relaysMax = 8;

/** Longest text of a relay in RELAYS, bytes: a URL with host name and pins. */
export const relayBytesMax = 512;

/** Longest record other than DATA, bytes: RELAYS is the longest, 2 + 8 × (2 + 512) = 4,114. */
export const controlBytesMax: number = 2 + relaysMax * (2 + relayBytesMax);

/** Longest text of an END record, bytes of UTF-8; a longer one is cut. */
export const endTextBytesMax = 1024;

/** What ring and window begin with, bytes: 256 KiB fill 100 Mbit/s at 20 ms round trip. */
export const ringBytesStart: number = 256 * 1024;

/** Least a tunnel gets for its ring, and for its window, when the budget is used up, bytes: one full record. */
export const ringBytesLeast: number = 64 * 1024;

/** Largest ring and window, and their default bound, bytes: 4 MiB fill 1 Gbit/s at 32 ms round trip. */
export const ringBytesCeiling: number = 4 * 1024 * 1024;

/**
 * Default of a {@link RingBudget}, bytes: 256 MiB for all tunnels of an agent. 512 tunnels begin with 2 × 256 KiB each;
 * 100 that all want 2 × 4 MiB would take 800 MiB.
 */
export const ringBudgetBytesDefault: number = 256 * 1024 * 1024;

/**
 * Shortest time over which a rate is measured for a bandwidth-delay product, milliseconds: an acknowledgement's delay
 * and a turn of two busy event loops count as delay too.
 */
export const growthSampleMs = 25;

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
 * Where the tunnel doesn't resume: milliseconds without any valid record after a PING until it is given up. An agent, a relay or a
 * network that stands still for 20 s costs no link then, as over TCP; net_ticktime decides about shorter ones.
 */
export const pingTimeoutMs = 30_000;

/** Least time for the answer to a PING of an idle side, milliseconds: a busy agent answers within it. */
export const idleAnswerMinMs = 2000;

/** With data outstanding: least silence in milliseconds until a PING. Four acknowledgement delays and much jitter fit. */
export const silenceMinMs = 400;

/** With data outstanding: silence until a PING, in smoothed round trips. */
export const silenceRoundTrips = 4;

/**
 * Longest round trip that is believed, milliseconds: a longer one is a standstill of either process. Taken for the line's it would
 * make silence last four times as long, longer than the window; so it lasts 8 s at most, beside the 15 s of an idle side.
 */
export const roundTripMsMax = 2000;

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

/** Default of `windowMs`: RECONNECT_INTERVAL × RECONNECT_MAX_ATTEMPTS, 2 s × 15 = 30 s from the loss of the path. */
export const windowDefaultMs = 30_000;

/** Longest window, milliseconds: an hour; also bounds what an initiator can make a responder keep. */
export const windowMsMax = 3_600_000;

/** What a responder waits longer than the initiator, milliseconds: it may notice the loss earlier. */
export const responderExtraMs = 3000;

/** Milliseconds from one try for another path to the next; the last goes on. The first try comes at once. */
export const tryDelaysMs: readonly number[] = [100, 200, 400, 800, 1600, 2000];

/** Part by which each delay is changed at random, either way: agents that lost one relay don't come all at once. */
export const tryJitter = 0.2;

/** While a try is pending the next one waits for at least so many smoothed round trips. */
export const pendingRoundTrips = 2;

/** Pending attaches of one tunnel: hedging over a few relays. With more, the oldest epoch gives way. */
export const pendingAttachesMax = 4;

/** Milliseconds from an attach offer to its commit, after which it is given up, at both sides. */
export const attachTimeoutMs = 10_000;

/** Milliseconds of answered PINGs after which a resumed tunnel counts as stable without data. */
export const stableMs = 2000;

/** Commits without progress after which the next loss ends the tunnel: they take 7 s or more with {@link tryDelaysMs}. */
export const commitsWithoutProgressMax = 8;

/** Milliseconds between two hints, sent or heeded. */
export const hintIntervalMs = 1000;

/** Unsealed refusals that are believed when they came from one relay only, and the milliseconds they must span. */
export const refusalsBelieved = 3;

/** See {@link refusalsBelieved}. */
export const refusalsSpanMs = 2000;

/** Milliseconds for which the secret of an ended tunnel answers attaches: two windows. */
export const tombstoneMs = 60_000;

/** Tombstones of one agent; 1,024 of about 1 kB are 1 MiB. With more, the oldest gives way. */
export const tombstonesMax = 1024;
