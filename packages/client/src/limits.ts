/** Milliseconds for one attempt to reach one relay, from dialling to WELCOME. */
export const dialTimeoutMs = 5000;

/** Milliseconds after which the next relay of the list is tried beside one that has not answered yet. */
export const dialStaggerMs = 1500;

/** Milliseconds until the first new attempt after all relays failed; doubled each time up to {@link redialDelayMsMax}. */
export const redialDelayMsMin = 100;

/** Default of `reconnectIntervalMs` (RECONNECT_INTERVAL): the longest pause between two rounds of attempts, milliseconds. */
export const redialDelayMsMax = 2000;

/** The longest such pause while a tunnel waits for a session, milliseconds: its link is to go on within 2 s after a relay is back, and a hint may take one of them. */
export const awaitedRedialDelayMs = 500;

/** Milliseconds a session must live for its loss not to count as flapping: a relay that takes and drops us is not dialled in a tight loop. */
export const sessionStableMs = 5000;

/** Bytes that may wait on a control stream whose relay doesn't read: 1 MiB, then the session is over. */
export const controlBufferBytesMax: number = 1024 * 1024;

/**
 * Milliseconds until the next attempt after a session ended `replaced`: somewhere a second process uses our identity and name. Coming back at
 * once would replace that one, and so on; coming back in 10 s lets relays notice within half a minute that there are two.
 */
export const replacedDelayMs = 10_000;

/** Milliseconds until the next attempt after `identity_conflict`: it is over when the other host is stopped or gets a key of its own. */
export const conflictDelayMs = 30_000;

/**
 * Milliseconds until the next attempt after every relay has refused for good: only people can end that. A token that is exchanged
 * ends it at once.
 */
export const refusedDelayMs = 20_000;

/**
 * Longest time for which a relay that names one is not tried again, milliseconds: half of the 30 s for which tunnels live without a path,
 * so a relay that lies costs no more than that, and one that has taken on too much has time to catch up.
 */
export const retryHonouredMsMax = 15_000;

/**
 * Milliseconds until a taken name is asked for again, one after the other; the last one for ever. The first ones see to a host that
 * takes the place of another one: its names are free 15 s after that one's last sign of life.
 */
export const takenDelaysMs: readonly number[] = [5000, 5000, 5000, 30_000];

/** Sessions at other relays that stand by, unless the user says otherwise. */
export const standbySessionsDefault = 1;

/** Most of them: each costs its relay a session, and the other nodes are told of eight relays at most. */
export const standbySessionsMax = 3;

/**
 * Milliseconds until a session that stands by is dialled, after the primary one has come or the one before is used up: when a relay dies its agents
 * don't all fall upon the next at once.
 */
export const standbyDialDelayMs = 1000;

/** The longest pause between two rounds of dialling relays for a session that stands by, milliseconds. */
export const standbyRedialDelayMsMax = 15_000;

/** Milliseconds for which an answer to PING shows that a session that stands by is fit to take the place of one that is silent. */
export const standbyFreshMs = 1500;

/**
 * Milliseconds between PINGs on the control stream of an idle session: 2,000 of them are 167 PINGs a second for their relay. Less than the 13 s
 * of silence after which a relay pings by itself, and than the 15 s after which it gives away the names.
 */
export const pingIntervalMs = 12_000;

/** Milliseconds between PINGs while the session is used. */
export const pingUsedIntervalMs = 1000;

/**
 * Milliseconds without an answer to the oldest PING until the path is doubted and a new connection is opened beside it; then a PING
 * goes out as often. On slow paths {@link doubtAfterRtts} round trips.
 */
export const pingAnswerMs = 1000;

/** Round trips without an answer until a path is doubted, where that is more than {@link pingAnswerMs}. */
export const doubtAfterRtts = 4;

/** Milliseconds without an answer until any path is doubted, also where the last round trip was extraordinary. */
export const doubtMsMax = 4000;

/** Milliseconds a timer must be late for this process, not the path, to be what stood still. */
export const lateTimerMs = 500;

/** Milliseconds to read what has come meanwhile. */
export const lateTimerGraceMs = 250;

/** Milliseconds without an answer to the oldest PING until the session is lost. */
export const pingTimeoutMs = 10_000;

/** New connections that may be opened beside a live session one after the other. */
export const renewalsAtOnceMax = 5;

/** Milliseconds until there may be one more: 6 a minute, however often a relay asks or PINGs stay unanswered. */
export const renewalEveryMs = 10_000;

/** Milliseconds a former session stays after its last tunnel has ended, so that the end arrives. */
export const formerLingerMs = 1000;

/** Milliseconds until an OPEN without answer is `timeout`. */
export const openTimeoutMs = 15_000;

/** Milliseconds without OPENs after a relay has said that they come too fast: 200 or more a second. */
export const openPauseMs = 1000;

/** Milliseconds a freshly accepted stream has to deliver its OPEN. */
export const acceptTimeoutMs = 5000;

/** Streams in the middle of their OPEN, per session. */
export const acceptingStreamsMax = 256;

/** OPENs remembered so that a second copy is noticed: those of a second at the rate at which relays take them, and more. */
export const openCopiesMax = 4096;

/** Milliseconds to let END leave before the session is closed. */
export const closeGraceMs = 1000;

/** Milliseconds a new tunnel waits for a session that is just being re-established. */
export const sessionWaitMs = 5000;

/** Tunnels of one mesh, both directions: 4,096 x 2 MiB of rings and windows are 8 GiB at worst; beyond it OPENs are refused `busy`. */
export const tunnelsMax = 4096;

/**
 * Milliseconds between telling the owner of a tunnel's end and closing its local socket. The word goes to the node by another channel and must be
 * there first, or the node knows no reason; a node that has heard closes the socket itself.
 */
export const localCloseDelayMs = 100;

/** Sessions that are passed over for one tunnel because they could not prove the cookie: a squatter must hold a name in four places to be in the way. */
export const openRetriesMax = 3;

/** Failed confirmations of one name of one source until it is slowed down. */
export const guessFailuresMax = 5;

/** Milliseconds for which a failed confirmation counts: 10 min. */
export const guessWindowMs: number = 10 * 60 * 1000;

/** Milliseconds between the tries of who has failed too often: 2,880 guesses a day. */
export const guessSpacingMs = 30_000;

/** Names that one source is counted by; those beyond count together, so it has 25 guesses before all are slowed down. */
export const guessNamesPerSourceMax = 4;

/** First handshakes of strangers a second, in all: 3.5 ms each make 7 % of a core. */
export const handshakesPerSecond = 20;

/**
 * First handshakes of strangers at once: a cluster of 25 nodes that starts at once has 4 tries each. It is 350 ms of a core, once in
 * 5 s at most.
 */
export const handshakesAtOnceMax = 100;

/** First handshakes of one source a second. */
export const handshakesPerSourceSecond = 5;

/** First handshakes of one source at once: a node has one pending connection to another, and tries again at once a few times. */
export const handshakesPerSourceAtOnceMax = 10;

/**
 * Sources that are remembered without having proven the cookie. More can't be let in within the 10 min that one is remembered, so none is
 * forgotten early: 600 s x 20 + 100 at once. Names are as many at most: 12,100 x 1,020 bytes are 12 MB at the very worst.
 */
export const guessSourcesMax: number = (guessWindowMs / 1000) * handshakesPerSecond + handshakesAtOnceMax;

/** Sources remembered as having proven the cookie; one more forgets the one whose success is the longest ago. */
export const provenSourcesMax = 4096;

/** Bytes that the rings of all tunnels of an agent may hold together, 256 MiB: 32 tunnels whose both directions are full. */
export const ringBudgetBytes: number = 256 * 1024 * 1024;

/** Milliseconds between two looks for secrets of tunnels that ended a minute ago. */
export const tombstoneSweepMs = 10_000;

/** Milliseconds for which a session that its relay has ended goes on, so that tunnels can say why they end: less than the 100 ms after which the relay closes it. */
export const goodbyeGraceMs = 80;

/**
 * Milliseconds after which tunnels leave a relay that is about to stop, in which it gives 2 s. Initiators, who open paths: half a second, in which the other
 * node has found another relay as well; responders, whose initiators have not done it by then since they are at another relay: later.
 */
export const leaveDelaysMs = [
  ['initiator', 500],
  ['responder', 1200],
] as const;

/**
 * Milliseconds for which a name stays in the picture that the first list of another session doesn't have: as long as relays keep a name for an agent that
 * lost its session, since a relay that has just started knows only who is back.
 */
export const presenceDoubtMs = 15_000;

/** Names of a realm that are known at a time: about 100 bytes each, 100 MB at worst, where somebody watches. What comes above that is not told. */
export const presenceNamesKnownMax = 1_000_000;
