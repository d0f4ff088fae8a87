/** Largest UDP payload that is sent, bytes; passes every path with an MTU of 1,400 (IPv6 header 40, UDP 8). */
export const udpPayloadBytesMax = 1350;

/** Bytes a stream buffers before `write` returns false: 256 KiB, a relay's cap per direction and stream. */
export const streamBufferBytesMax: number = 256 * 1024;

/** Stream window of QUIC and TLS, bytes: bounds what a stopped reader parks to 1 MiB (quiche would tune it up to 16 MiB). */
export const streamWindowBytesMax: number = 1024 * 1024;

/** Initial QUIC connection window, bytes: 2^40, practically none, since one stalled stream must not block the rest. */
export const connectionWindowBytes: number = 2 ** 40;

/** Bulk bytes one stream may hand over before the next stream has its turn. */
export const bulkQuantumBytes: number = 16 * 1024;

/** Packets one connection may send in one turn of the event loop. */
export const packetsPerTurnMax = 64;

/** Bytes a connection may receive beyond what its streams and datagrams account for, before it is closed: 1 MiB. */
export const unaccountedBytesMax: number = 1024 * 1024;

/** Milliseconds without heartbeat after which the worker process is killed. */
export const workerSilenceMsMax = 3000;

/** Milliseconds of silence until a connection is `idle_timeout`. */
export const idleTimeoutMs = 30_000;

/** Milliseconds between keep-alives of a dialer: half of the idle timeout; NATs commonly remember UDP for 30 s. */
export const keepAliveMs = 15_000;

/** Streams a peer may have open at once on a TLS connection: 4,096, as on a QUIC one. */
export const tlsStreamsMax = 4096;

/** Bytes of one write to the socket of a TLS connection, four full TLS records: what control has to wait for at most. */
export const tlsWriteBufferBytes: number = 64 * 1024;

/** Bytes of answers (credit, resets, pongs) a TLS connection keeps for a peer that doesn't read, before it is closed: 1 MiB. */
export const tlsAnswerBytesMax: number = 1024 * 1024;

/** Unfinished handshakes of a QUIC listener. */
export const quicHandshakesMax = 1024;

/** Unfinished handshakes of a TLS listener. */
export const tlsHandshakesMax = 512;

/** Unfinished handshakes of one address that aren't ended for another one's when all places are taken; one NAT may hide hundreds of dialers. */
export const handshakesEachMax = 64;

/** Milliseconds a handshake with a TLS listener may take. */
export const tlsHandshakeMsMax = 5000;

/** Conditions (host, port, verification, trusted certificates, pins) for which a dialer keeps session tickets. */
export const ticketConditionsMax = 64;

/** Session tickets kept for the same conditions; OpenSSL gives two with each full handshake. */
export const ticketsEachMax = 4;

/** Largest session ticket that is kept, with its certificate, bytes: 16 KiB, so 64 × 4 × 16 KiB = 4 MiB in all. */
export const ticketBytesMax: number = 16 * 1024;

/** Milliseconds a session ticket is kept: a day; listeners may refuse it sooner (Node's after 5 minutes). */
export const ticketMsMax: number = 24 * 3_600_000;

/** Milliseconds until a dial is `connect_timeout` when the caller doesn't say. */
export const connectTimeoutMs = 10_000;

/** Milliseconds that an address of a name is ahead of the next one: the connection attempt delay of RFC 8305 section 5. */
export const addressHeadStartMs = 250;

/** Milliseconds that QUIC is ahead of TLS for an `https:` URL: what a network that drops UDP costs a join. */
export const dialHeadStartMs = 300;

/** Milliseconds for which TLS goes first at a relay where it has beaten QUIC: 5 minutes. */
export const tlsFirstMs: number = 5 * 60_000;

/** Relays of which that is remembered. */
export const tlsFirstRelaysMax = 256;

/** Largest code of a reset or a close: 2^48 − 1, what each protocol can carry. Larger ones from a peer are taken for it. */
export const codeMax: number = 2 ** 48 - 1;
