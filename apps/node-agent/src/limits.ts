/** Longest frame of the control channel, bytes: 1 MiB, as PROTOCOL.md says. */
export const controlFrameBytesMax: number = 1024 * 1024;

/** Nesting of a control message: the tuple, its map, a list in it and its elements are 3; 8 leaves room for a newer BEAM. */
export const controlDepthMax = 8;

/** Terms in one control message: a join with 64 relays has about 80. */
export const controlElementsMax = 4096;

/** Bytes of an integer in a control message: anything that fits 64 bits. */
export const controlIntegerBytesMax = 8;

/** Bytes queued towards a BEAM that doesn't read, from which on events are dropped (answers are not): 1 MiB. */
export const channelEventQueueBytesMax: number = 1024 * 1024;

/** Bytes queued towards a BEAM that doesn't read, from which on its channel is given up: 16 MiB. */
export const channelQueueBytesMax: number = 16 * 1024 * 1024;

/** Milliseconds an error message has to leave before its channel is closed. */
export const channelFlushMs = 500;

/** Milliseconds until a channel must have said hello; only the control socket of a daemon needs it. */
export const helloTimeoutMs = 10_000;

/** BEAMs that one daemon serves at once. */
export const channelsMax = 64;

/** Longest explanation that goes to the BEAM, characters. */
export const textLengthMax = 1000;

/** Size of a token, bytes. */
export const tokenBytes = 32;

/** Size of a tunnel key, bytes. */
export const keyBytes = 32;

/** Size of a tunnel id, bytes. */
export const tunnelIdBytes = 32;

/** Milliseconds a dialled local socket has to send its token. */
export const tokenTimeoutMs = 5000;

/** Milliseconds a dialled local socket waits for the `connect` with its token, and a `connect` for its socket. */
export const connectMatchMs = 5000;

/** Local sockets that no `connect` has claimed yet; one more is closed at once. */
export const unclaimedSocketsMax = 64;

/** `connect` messages whose socket has not come yet: a BEAM dials right after it, so even a burst stays far below. */
export const expectedTokensMax = 4096;

/** Bounds and default of each setting of tunnels; `macula_settings.erl` has the same. */
export const tunnelSettingLimits: Readonly<
  Record<
    'distTimeout' | 'reconnectInterval' | 'reconnectMaxAttempts' | 'backpressureHwm' | 'standbySessions',
    { readonly min: number; readonly max: number; readonly fallback: number }
  >
> = {
  distTimeout: { min: 1000, max: 600_000, fallback: 25_000 },
  reconnectInterval: { min: 100, max: 60_000, fallback: 2000 },
  reconnectMaxAttempts: { min: 1, max: 3000, fallback: 15 },
  backpressureHwm: { min: 1, max: 1024, fallback: 64 },
  standbySessions: { min: 0, max: 3, fallback: 1 },
};

/** Longest window, interval x attempts, milliseconds: 5 min. */
export const windowMsMax = 300_000;

/** Bytes of one unit of `backpressureHwm`: 64 of them are the tunnels' own 256 KiB, 1,024 their largest ring. */
export const backpressureUnitBytes = 4096;

/** Milliseconds between two `"p"` frames; PROTOCOL.md promises one every 2 s. */
export const progressIntervalMs = 1500;

/** Milliseconds between two `"p"` frames that real progress causes. */
export const progressSpacingMs = 250;

/** Milliseconds the BEAM has to close the local socket after an `"e"` frame. */
export const farewellMs = 1000;

/** Peers whose request waits for the BEAM's answer; one more is answered `busy`. */
export const incomingPendingMax = 256;

/** Milliseconds the BEAM has to answer `incoming`. */
export const incomingAnswerMs = 10_000;

/** Milliseconds to reach the BEAM's listen socket. */
export const beamDialMs = 5000;

/**
 * Milliseconds after `{closed, Id}`, or after the BEAM has ended, until the tunnel is closed by force. Until then it may still read what the BEAM's
 * socket holds and see the end itself.
 */
export const closedGraceMs = 1000;

/** Longest path of a Unix-domain socket, bytes: `sun_path` has 108 with its final zero. */
export const socketPathBytesMax = 107;

/** Relays in one join. */
export const relaysMax = 64;

/** Largest `connect_timeout`, milliseconds: a day. */
export const connectTimeoutMsMax: number = 24 * 60 * 60 * 1000;

/** Milliseconds until a persistent join that every relay refused starts again: a taken name is free after 15 s. */
export const refusedRetryMs = 15_000;

/** Milliseconds between two events of one kind about one relay or peer. */
export const eventSpacingMs = 10_000;

/**
 * Milliseconds for which the failures of a peer are no news after `too_many_failures`: as long as one counts. Its tries go on, one in 30 s,
 * and each would be another warning.
 */
export const guessQuietMs: number = 10 * 60 * 1000;

/** Keys that the event limiter remembers. */
export const eventKeysMax = 1024;

/** Milliseconds to end everything when the agent or a channel ends: {@link closedGraceMs}, 1 s for END on the tunnels, the rest to spare. */
export const endMsMax: number = closedGraceMs + 1200;

/** Longest window of a `tunnel_detached`, milliseconds: {@link windowMsMax}, and what a responder waits longer than the other side. */
export const detachedMsMax: number = windowMsMax + 10_000;

/** Milliseconds between two looks into the file with the realm's token. */
export const tokenLookMs = 10_000;

/** The part of a token's life, at its end, in which the node warns when there is no newer one. */
export const tokenWarningShare = 0.1;

/** Milliseconds before a token's end from which on the node warns at the earliest: a day. */
export const tokenWarningMsMax: number = 24 * 60 * 60 * 1000;
