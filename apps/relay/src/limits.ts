import { namesPerSessionMax, ownedAgeMsMax } from '@macula/wire';

/**
 * Every limit of a relay in one place. Sizes of frames and names are the wire package's.
 */

/** Milliseconds one OPEN may take until `timeout`: two thirds of the agents' 15 s, so that they hear the reason. */
export const openTimeoutMsDefault = 10_000;

/** Milliseconds a fresh stream has to send its whole OPEN. */
export const streamOpenTimeoutMs = 5000;

/** Milliseconds a refused stream may stay half-open before it is reset. */
export const refusedStreamLingerMs = 5000;

/** OPENs in flight in one relay: 8 KiB of offer each makes 64 MiB at worst. */
export const pendingOpensMax = 8192;

/** OPENs in flight from one connection. A peer relay forwards those of its agents, so it may have many. */
export const pendingOpensPerLinkMax = 2048;

/** Milliseconds of silence after which a local session is pinged before an OPEN relies on it. */
export const ghostSilenceMs = 2000;

/** Milliseconds such a session has to answer. */
export const ghostProbeMs = 500;

/** Milliseconds without a sign of life after which another identity may take a name. */
export const nameFreeAfterMs = 15_000;

/** Milliseconds of silence until a session is pinged: the agent should have done it, and its names are free two seconds later. */
export const sessionPingAfterMs = 13_000;

/** Milliseconds of silence until a session is closed with `timeout`. */
export const sessionSilenceMsMax = 30_000;

/**
 * Sessions that an agent's process may keep beside its present one, for the tunnels they carry; one more ends the oldest. Two: the
 * tunnels of one renewal may outlive the next.
 */
export const supersededPerProcessMax = 2;

/**
 * Milliseconds that a relay leaves the answer to an OPEN of another relay to the session that owns the name, before it asks the one that stands by for it here:
 * an owner that answers sooner is asked alone, and one whose relay is dead costs so much.
 */
export const standbyTurnMs = 200;

/** Milliseconds of silence until a superseded session is pinged. */
export const supersededPingAfterMs = 2000;

/** Milliseconds of silence until a superseded session is closed: 10 s, after which its agent gives it up as well. */
export const supersededSilenceMsMax = 10_000;

/** Sessions (agents and peers) of one relay; one more is answered `busy`. */
export const sessionsMaxDefault = 10_000;

/** Connections whose HELLO isn't finished: with 64 KiB each that is 64 MiB at worst. */
export const pendingHellosMax = 1024;

/**
 * Of those, connections of one address: 64. A HELLO takes two round trips, so that 64 places let in 320 agents a second whose round trip is
 * 100 ms, about as many as the relay's cryptography does in all: 500 agents behind one NAT are back in two seconds. Sixteen addresses
 * can hold all places.
 */
export const unfinishedHellosDefault = 64;

/** Milliseconds a HELLO may take before it makes room for others when all places are taken: two round trips of 300 ms, and computing. */
export const helloFairMs = 1000;

/** HELLOs of one address that may fail per second in the long run. */
export const failedHellosPerSecondDefault = 10;

/** Seconds of that at once: with 10 a second 600, so that 500 agents that chose a faster relay meanwhile are no attack. */
export const failedHellosBurstSeconds = 60;

/**
 * HELLOs that an address with more failures than that may begin per second. 64 places for 60 a second leave a second to each. 500 agents behind
 * one NAT, who try every 2 s, are in again in two minutes beside somebody who fails 200 times a second.
 */
export const slowedHellosPerSecond = 60;

/** Milliseconds, times 0.5 to 1.5, after which such an address is told to try again. */
export const slowedRetryMs = 2000;

/** Addresses remembered for their failures: about 300 bytes each, 5 MiB in all. */
export const addressesMax = 16_384;

/** Sessions of one identity, which is one node: 16, for its restarts while the relay doesn't know yet that the last life is over. */
export const sessionsDefault = 16;

/** Different names of one identity: as many as four sessions can advertise. */
export const namesDefault = 256;

/** Tunnels that one identity has opened: twice what one agent can have. */
export const tunnelsDefault = 8192;

/** Streams of one identity in the middle of their OPEN: a node with 1,000 tunnels opens all of them again at once. */
export const streamsDefault = 1024;

/** Tunnel bytes per second of one identity: 1 GB, more than a relay carries in all, so nothing until an operator sets less. */
export const bytesPerSecondDefault = 1_000_000_000;

/** OPENs per second of one identity in the long run: 200 cost the relay about 5 % of a core. */
export const opensPerSecondDefault = 200;

/** OPENs per second of one identity in the long run to names that no relay knows: each asks every relay of the mesh. */
export const unknownNamesPerSecondDefault = 5;

/** HELLOs per second of one identity in the long run: an agent tries again every 2 s at most. */
export const hellosPerSecondDefault = 2;

/**
 * Seconds of each rate that may be used at once. OPENs: 10 x 200, a node with 1,000 tunnels that is restarted twice in a row. Unknown
 * names: 200 x 5, since 1,000 names that are at other relays are looked for before one is found. HELLOs: 30 x 2. Bytes: one second.
 */
export const quotaBurstSeconds: Readonly<
  Record<'bytesPerSecond' | 'opensPerSecond' | 'unknownNamesPerSecond' | 'hellosPerSecond', number>
> = { bytesPerSecond: 1, opensPerSecond: 10, unknownNamesPerSecond: 200, hellosPerSecond: 30 };

/** Bytes that may be sent at once at least, however low the rate: what a stream buffers, 256 KiB. */
export const bytesBurstMin: number = 256 * 1024;

/** Milliseconds for which a name that no relay knew is not asked for again. */
export const unknownNameMs = 2000;

/** Names remembered for that: at 1,020 bytes each, and their realm, 20 MiB at worst. */
export const unknownNamesMax = 16_384;

/**
 * Refusals of one identity that are forgiven at once, in the unit of {@link strikeWeights}: a flood of 2,000 OPENs a second is out after
 * another second. An honest agent, refused once, waits.
 */
export const strikesMax = 2048;

/** Refusals of one identity that are forgiven per second in the long run. */
export const strikesPerSecond = 50;

/** What refusals count: a stream costs the relay least; too many control messages end a session, and the fourth time in a row the identity is out. */
export const strikeWeights = { stream: 1, session: 8, hello: 8, control: 512 } as const;

/** Milliseconds for which an identity with more refusals than that gets no session. */
export const refusedIdentityMs = 30_000;

/** Refused streams per second of a session that are answered with a sentence; the others are reset with the code. */
export const toldRefusalsPerSecond = 10;

/** Such answers at once. */
export const toldRefusalsBurst = 20;

/** Control messages per second of a session in the long run: an agent PINGs once a second. */
export const controlPerSecond = 20;

/** Control messages of a session at once. */
export const controlBurst = 400;

/** What NAMES counts among them: the check of its signature takes twenty times as long as a PING. */
export const controlCostOfNames = 20;

/** What WATCH counts among them: it is answered by a list, so ten at once, and one each two seconds. */
export const controlCostOfWatch = 40;

/** Milliseconds that a refusal says to wait at least. */
export const retryMsMin = 1000;

/**
 * Share of the relay's time that HELLOs may use, and of which strangers leave the half to those who are known in the mesh. With
 * {@link handshakeShareOfTime} it leaves 30 % to the sessions that stand.
 */
export const helloShareOfTime = 0.45;

/** Share of the relay's time for handshakes of connections, most of which are over before anybody has said HELLO. */
export const handshakeShareOfTime = 0.25;

/**
 * Milliseconds of work of a HELLO, from its first byte to WELCOME and the word to other relays. Measured over QUIC on one core of a server of 2023, Node 20:
 * 2.2 ms for a session, 0.5 ms of them for the handshake: 280 HELLOs a second.
 */
export const helloCostMs = 1.6;

/** Milliseconds of work of a handshake, and of a connection that is turned away: 400 a second. */
export const handshakeCostMs = 0.6;

/** Milliseconds of HELLOs that may be done at once: 310, half of which may be of strangers. */
export const helloBurstMs = 500;

/**
 * Milliseconds of handshakes that may be done at once: 250. While they are, packets of others wait in a socket that holds some 90 of these
 * first ones.
 */
export const handshakeBurstMs = 150;

/** Longest time that a relay without time for a HELLO tells to wait, milliseconds: agents wait no longer. */
export const busyRetryMsMax = 15_000;

/** Milliseconds, times 1 to 1.5, after which a relay whose sessions are as many as it may have can be tried again. */
export const fullRetryMs = 5000;

/** Milliseconds by which the event loop may be late at no cost: more is what operators are warned of. */
export const lagFreeMs = 20;

/** Milliseconds between looks at that, while there are HELLOs. */
export const lagProbeMs = 25;

/** Connections that are turned away with a word at a time: 1 KiB each. Those beyond are closed without it. */
export const turnedAwayMax = 256;

/** Milliseconds that somebody who is turned away has to open the stream for that word. */
export const turnAwayMsMax = 1000;

/** Accounts without a session that are remembered: about 1 KiB each, 16 MiB in all and scope. */
export const restingAccountsMax = 16_384;

/** Milliseconds between looks for accounts that have rested. */
export const quotaSweepMs = 10_000;

/** Streams one connection may have opened towards the relay at a time. */
export const streamsPerSessionMax = 4096;

/** Bytes that may wait on a control stream whose peer doesn't read: 1 MiB, then the connection is closed. */
export const controlBufferBytesMax: number = 1024 * 1024;

/** Milliseconds between GOODBYE and the closing of the connection, so that the message arrives. */
export const goodbyeLingerMs = 100;

/** Milliseconds until the first new try to reach a peer relay; doubles up to `peerBackoffMsMax`. */
export const peerBackoffMsMin = 100;

/** Milliseconds between tries to reach a peer relay at most. */
export const peerBackoffMsMax = 5000;

/** Milliseconds a peering must live for the next backoff to begin with `peerBackoffMsMin` again. */
export const peerStableMs = 5000;

/** Share by which a backoff is made longer or shorter at random: 20 %. */
export const backoffJitter = 0.2;

/** Milliseconds a draining relay waits for its agents to move before it closes their sessions. */
export const drainGraceMsDefault = 2000;

/** Milliseconds between heartbeats of the worker. */
export const heartbeatMs = 500;

/** Milliseconds without heartbeat after which the worker is killed. */
export const heartbeatSilenceMsMax = 3000;

/** Milliseconds a worker may take to start listening. */
export const workerStartMsMax = 15_000;

/** Milliseconds until the first restart of the worker; doubles up to `workerBackoffMsMax`. */
export const workerBackoffMsMin = 100;

/** Milliseconds between restarts of the worker at most. */
export const workerBackoffMsMax = 5000;

/** Milliseconds a worker must live for its next restart to begin with `workerBackoffMsMin` again. */
export const workerStableMs = 10_000;

/** Days a development certificate is valid. */
export const devCertificateDays = 365;

/** Least size of a mesh secret, bytes: 128 random bits can't be guessed from what a stranger sees of a HELLO. */
export const meshSecretBytesMin = 16;

/** Bytes of a mesh secret that `macula keygen --mesh` makes. */
export const meshSecretBytes = 32;

/** Largest access file, bytes: 1 MiB; `revokedTokensMax` entries of 90 bytes are 880 KiB of it. */
export const accessFileBytesMax: number = 1024 * 1024;

/** Realms in an access file. */
export const accessRealmsMax = 1024;

/** Issuers of one realm in an access file: a token is compared with each. */
export const issuersPerRealmMax = 64;

/** Relays in an access file: as many as an OPEN may name. */
export const accessRelaysMax = 1024;

/** Revoked tokens in an access file. An entry is dropped when its token would have expired anyway. */
export const revokedTokensMax = 10_000;

/** Milliseconds between looks at the access file: with what follows, a change is in force within two seconds. */
export const accessPollMs = 1000;

/** Milliseconds to wait for somebody else who is changing the access file. */
export const accessLockWaitMsMax = 5000;

/** Milliseconds between tries to be the one who changes it. */
export const accessLockRetryMs = 20;

/** Milliseconds between two signs of life that a relay gives to all others: three fit into `nameFreeAfterMs`. */
export const ownedBeatMs = 5000;

/** Milliseconds between looks at what time has changed about names. */
export const ownershipTickMs = 1000;

/** Milliseconds a release is kept for relays that were cut off; who was away longer gets the whole list. */
export const ownedReleaseKeptMs = 60_000;

/** Milliseconds of silence after which what a relay said is forgotten; it is sent again when it comes back. */
export const ownedForgetMs = 60_000;

/** Milliseconds of silence after which a relay is no longer known at all, not even its epoch. */
export const originForgetMs: number = ownedAgeMsMax;

/** Milliseconds without a sign of life of a relay after which others are asked about it: half a beat late. */
export const ownedOverdueMs = 7500;

/** Relays asked about one that is overdue, each second. */
export const ownedOverdueAskedMax = 4;

/** Milliseconds between two questions about the same relay. */
export const ownedAskEveryMs = 1000;

/** Milliseconds until a relay's whole list is asked for again where it was wrong; doubles up to `ownedRepairMsMax`. Less than a beat. */
export const ownedRepairMsMin = 4000;

/** Milliseconds between two such questions at most. */
export const ownedRepairMsMax = 64_000;

/** Entries that are passed on and not kept, of one relay, while something before them is missing. */
export const ownedPassedOnMax = 64;

/** Bytes of one answer about what relays said: a quarter of what may wait on a control stream. */
export const ownedAnswerBytesMax: number = 256 * 1024;

/** Bytes that may wait on a control stream for names of others to be sent over it; what is left out is asked for later. */
export const ownedBufferBytesMax: number = 512 * 1024;

/** Relays whose names are known. */
export const ownedOriginsKnownMax = 1024;

/** Bytes of what one relay said: 80,000 sessions of 300 bytes and 500 beside them. */
export const ownedBytesPerOriginMax: number = 64 * 1024 * 1024;

/** Bytes of what all relays said: 320,000 sessions. */
export const ownedBytesMax: number = 256 * 1024 * 1024;

/** Claims of one session that others are told of at once: HELLO, and some NAMES that soon follow. */
export const ownedClaimBurst = 4;

/** Milliseconds between two claims of one session after that: 160 KiB a second for each other relay at worst. */
export const ownedClaimEveryMs = 200;

/** Sessions that others are told of at a time: 200 signatures of 50 us, and 200 messages for each other relay. */
export const ownedPublishedMax = 200;

/** Milliseconds until the next so many: 10,000 sessions that change at once take 2.5 s. */
export const ownedPublishedEveryMs = 50;

/** Milliseconds for which a relay is not believed that said of an agent what the agent had not signed. */
export const distrustMs = 60_000;

/** Claims of one name whose signature nobody has checked; one more is checked as it comes: eight checks of 0.3 ms are 2.4 ms for a HELLO. */
export const uncheckedPerNameMax = 8;

/** Names reserved for one identity of a realm: as many as a session has; the oldest is given up for one more. */
export const reservedNamesPerIdentityMax: number = namesPerSessionMax;

/** Names reserved for identities whose session was lost: 10,000 sessions with 10 names, all lost within 15 s. */
export const reservedNamesMax = 100_000;

/** Milliseconds over which replacements by other processes of one identity are counted. */
export const contestWindowMs = 60_000;

/** Replacements within that time after which the next newcomer must wait until the present owner proves to be dead. */
export const contestReplacementsMax = 3;

/** Milliseconds that the newcomer's relay has to end its session after it was told of the conflict; then the newcomer wins. */
export const contestProtestMs = 3000;

/** Identities whose replacements are counted; the oldest is forgotten for one more. */
export const contestedIdentitiesMax = 10_000;

/**
 * Share of the relay's time for the messages and OPENs of one identity: a tenth lets 1,000 tunnels be opened again in a second, and whoever asks for
 * more leaves nine tenths to the others.
 */
export const shareOfTime = 0.1;

/** Milliseconds whose share may be used at once: 0.3 ms of work, for which the bytes of others wait. */
export const shareBurstMs = 3;

/** Milliseconds for which all that waits may be served before whatever else has arrived has its turn. */
export const shareTurnMsMax = 2;

/** What may wait of one identity: its 1,024 streams, each with an OPEN, four times over. */
export const shareWaitingMax = 8192;

/** Milliseconds that work takes, about: the signature of NAMES, a stream accepted or refused, the OPEN that comes on it. */
export const workCostMs = { names: 0.3, stream: 0.03, open: 0.07 } as const;
