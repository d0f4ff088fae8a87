/** Seeds in the settings of a relay: each is looked up by itself. */
export const seedsMax = 64;

/** URLs that all seeds of a relay have together: as many as relays that peer with everybody. */
export const seedUrlsMax = 256;

/** Milliseconds between two looks at the addresses of a seed, made longer or shorter by `backoffJitter`. */
export const seedResolveEveryMs = 30_000;

/** Milliseconds until a seed is looked up again that could not be; doubles up to `seedResolveEveryMs`. */
export const seedRetryMsMin = 1000;

/** Milliseconds that one question to a name server may take, and how often each server is asked. */
export const nameServerTries = { timeout: 2000, tries: 2 } as const;

/** Relays that the peer cache remembers. */
export const cachedPeersMax = 256;

/** Bytes of the file of the peer cache: 4 KiB for each relay. */
export const peerCacheBytesMax: number = 1024 * 1024;

/** Milliseconds after which a relay that was not seen is not dialled at the start any more: a week. */
export const cachedPeerAgeMsMax: number = 7 * 86_400_000;

/** Milliseconds between two writes of the peer cache. */
export const peerCacheWriteEveryMs = 10_000;

/** Milliseconds by which a relay was seen later than the file says, for that alone to be worth a write: an hour. */
export const cachedPeerSeenStepMs = 3_600_000;
