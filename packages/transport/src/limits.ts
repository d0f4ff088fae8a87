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

/** Milliseconds between keep-alives of a dialer. */
export const keepAliveMs = 10_000;

/** Streams a peer may have open at once on a TLS connection: 4,096, as on a QUIC one. */
export const tlsStreamsMax = 4096;

/** Bytes of a TLS connection given to the socket and not yet taken by the system, which control has to wait for: 64 KiB. */
export const tlsInFlightBytesMax: number = 64 * 1024;

/** Bytes of answers (credit, resets, pongs) a TLS connection keeps for a peer that doesn't read, before it is closed: 1 MiB. */
export const tlsAnswerBytesMax: number = 1024 * 1024;

/** Unfinished handshakes of a TLS listener; a new one beyond ends the oldest. */
export const tlsHandshakesMax = 512;

/** Milliseconds a handshake with a TLS listener may take. */
export const tlsHandshakeMsMax = 5000;
