/** Peerings of a relay that it makes by itself: a full mesh of 256 relays. */
export const peeringsMax = 256;

/** Milliseconds after which the relay with the larger id dials, too, where the other one has not. */
export const memberDialPatienceMs = 3000;

/** Milliseconds over which the first dials are spread, so that 256 relays that start at once don't dial each other at once. */
export const memberDialJitterMs = 300;

/** Milliseconds between tries to reach a member at most: it may be dead, or tell an address that isn't its own. */
export const memberBackoffMsMax = 30_000;

/** Milliseconds for which a member is dialled at which nobody was ever reached. */
export const strangerDialMs = 60_000;

/**
 * Milliseconds for which it is left alone then, twice as long each time up to {@link strangerRestMsMax}, and up to once more as long by chance: a member may name
 * the address of somebody else, and invent many that do. One that is really there dials this relay itself.
 */
export const strangerRestMs = 300_000;

/** An hour: 256 invented members that name one address make it be dialled from here each 2 s at most. */
export const strangerRestMsMax = 3_600_000;

/** Milliseconds between looks at which members are to be dialled. */
export const membershipTickMs = 500;

/** Milliseconds between two such looks because members have changed: with 4,096 members one takes 20 ms. */
export const memberLookEveryMs = 100;

/** Largest URL that a relay advertises, bytes: with the label it fits 256 bytes. */
export const advertisedUrlBytesMax = 200;

/** Bytes of a relay's label that other relays are told. */
export const memberLabelBytesMax = 48;

/** Tries to reach a relay that was seen before the last stop, when nothing else is heard of it. */
export const cachedPeerTries = 3;
