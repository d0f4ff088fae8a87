/**
 * Milliseconds, or two round trips if that is more, after which the next relay is asked beside the one that has not answered yet. Doubled up to
 * {@link hedgeMsMax}.
 */
export const hedgeMsMin = 100;

/** Milliseconds until the next relay is asked at most: two round trips half around the world and back. */
export const hedgeMsMax = 1600;

/** Milliseconds after which an OPEN that waits for somebody is not asked for elsewhere any more. */
export const hedgeUntilMs = 3000;

/** Ways round that are tried to one relay that can't be asked itself: so many broken peerings but one are survived. */
export const detoursMax = 4;

/** Relays that are no peers for which another one is asked for a name that nobody is known to have: who invents many shall not make one OPEN many. */
export const coveredRelaysMax = 16;

/** Milliseconds since something was heard of a peering after which an OPEN over it takes a PING along. */
export const lineQuietMs = 100;

/** Milliseconds without anything from a pinged peering after which no OPEN goes over it. */
export const lineSilentMs = 1000;

/** Milliseconds by which this relay may be late to notice that, before it reads first what has come meanwhile. */
export const lineLateMs = 100;

/** Names for which a relay's routing filter has room at first: 2.5 KiB. It is made anew with twice the room when there are more. */
export const filterNamesMin = 1024;

/** False positives of one filter: 0.02 / 256, so that of 100 OPENs in a mesh of 256 relays one asks a relay in vain. */
export const filterWrongTries: number = 0.02 / 256;

/** Milliseconds between two changes of a relay's filter that its peers are told of: 20 a second at most. */
export const filterFlushMs = 50;

/** Milliseconds between two reminders of a filter's version. */
export const filterVersionEveryMs = 5000;

/** Milliseconds between two questions for the whole filter of one peer. */
export const filterAskEveryMs = 1000;

/** Milliseconds between two questions for one that can't be used: made with another key, or too large. */
export const filterRefusedAskEveryMs = 60_000;

/** Bytes of the filter of one peer: 8 MiB, 3 million names. */
export const filterBytesPerPeerMax: number = 8 * 1024 * 1024 + 22;

/** Bytes of the filters of all peers: 256 MiB. A relay whose filter has no room is asked for every name. */
export const peerFilterBytesMax: number = 256 * 1024 * 1024;

/**
 * Share of bits that a peer's filter may have set. A filter is made anew before half of them are; one with more claims names that its relay has not, and each
 * unknown name would be asked for there.
 */
export const filterFillMax = 0.6;

/**
 * Milliseconds since an OPEN came after which it does not wait any more for relays that have not said that they have the name, and have let
 * an earlier OPEN wait for ever.
 */
export const muteWaitMs = 800;

/** Milliseconds for which is remembered which peer found a name. */
export const routeCacheMs = 60_000;

/** Names for which that is remembered: about 200 bytes each, 3 MiB. */
export const routeCacheMax = 16_384;

/**
 * Milliseconds for which nobody must have a name until it counts as gone: of 10,000 sessions that move at once the last is told of by its new relay after
 * 2.5 s (`ownedPublishedMax`), when its former one may have said at once that it has gone.
 */
export const presenceLeaveMs = 3000;

/** Milliseconds between two looks at what has changed for those who watch: what happens between is told at once. */
export const presenceEveryMs = 100;

/** Messages to those who watch per millisecond in the long run: with 10,000 of them a change is told once a second. */
export const presenceSendsPerMs = 10;

/** Names of a realm that are looked at each time, and names that leave; the others wait: 8 messages. */
export const presenceNamesPerTurn = 8192;

/** Parts of whole lists that are sent each time, to all: 32 x 32 KiB each 100 ms are 10 MiB a second, and a tenth of a core. */
export const presenceListMessagesPerTurn = 32;

/** Milliseconds between looks for relays that have died. */
export const presenceLivenessEveryMs = 1000;

/** Bytes that may wait on a control stream for PRESENCE to be sent over it; who has more waiting gets the whole list later. */
export const presenceBufferBytesMax: number = 128 * 1024;

/** Milliseconds for which news of a name are waited for at most. */
export const newsMsMax = 800;
