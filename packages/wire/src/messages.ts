import { decodeBody, encodeBody } from './body.js';
import { codeFromNumber, codeNumber, type WireCode } from './codes.js';
import { WireError } from './errors.js';
import { cutText, Fields } from './fields.js';
import { encodeRawFrame, type RawFrame } from './frame.js';
import {
  excludedSessionsMax,
  hintedRelaysMax,
  namesPerSessionMax,
  nodeNameBytesMax,
  openPayloadBytesMax,
  ownedAgeMsMax,
  ownedEntryBytesMax,
  ownedOriginsMax,
  realmBytesMax,
  textBytesMax,
  tokenBytesMax,
  visitedRelaysMax,
} from './limits.js';
import { requireMajor } from './version.js';

/**
 * The messages of a session and of a tunnel stream.
 *
 * A session is one transport connection. The dialer opens its first stream, the control stream:
 *
 * ```text
 *   dialer (agent or relay)            listener (relay)
 *   HELLO                      ──▶
 *                              ◀──     CHALLENGE   (signed)
 *   PROOF (signed)             ──▶
 *                              ◀──     WELCOME     or GOODBYE
 *   NAMES, FORMER_GONE,        ◀─▶     NAMES_DONE, RENEW, DRAINING,
 *   PING, PONG, GOODBYE                PING, PONG, GOODBYE
 *   OWNED, OWNED_HAVE          ◀─▶     OWNED, OWNED_HAVE   (between relays)
 * ```
 *
 * Every further stream, opened by either side, carries one path of one tunnel:
 *
 * ```text
 *   OPEN                       ──▶     routed by realm and name, relay after relay
 *                              ◀──     OPEN_OK, then sealed records until the stream ends; or OPEN_FAILED
 * ```
 */
export type Message =
  | Hello
  | Challenge
  | Proof
  | Welcome
  | Names
  | NamesDone
  | Ping
  | Pong
  | Draining
  | Goodbye
  | Renew
  | FormerGone
  | Owned
  | OwnedHave
  | Open
  | OpenOk
  | OpenFailed;

/** Dialer → listener, first message: who I say I am. */
export interface Hello {
  readonly kind: 'hello';
  readonly major: number;
  readonly minor: number;
  readonly role: SessionRole;
  /** Routing scope; empty for relays, which serve many. */
  readonly realm: string;
  /** Names to advertise at once. */
  readonly names: readonly string[];
  /** Ed25519 public key, 32 bytes. */
  readonly identity: Uint8Array;
  /** Random at process start, 16 bytes. */
  readonly bootId: Uint8Array;
  /** Grows with every session of this identity; the highest wins a name. */
  readonly sessionSeq: number;
  /** 32 random bytes. */
  readonly nonce: Uint8Array;
  /** SHA-256 of the certificate that this dialer sees on this connection, 32 bytes: the channel binding. */
  readonly certificate: Uint8Array;
  /** How the node calls itself (`identity` of join_mesh); for people, proves nothing. */
  readonly label: string;
  /** Of an agent: true for a session that only stands by for the one with which its process owns these names elsewhere. */
  readonly standby?: boolean;
}

/** What the dialer of a session is. */
export type SessionRole = 'agent' | 'relay';

/** Listener → dialer: who I am, signed over both nonces and this connection's certificate. */
export interface Challenge {
  readonly kind: 'challenge';
  readonly major: number;
  readonly minor: number;
  readonly identity: Uint8Array;
  readonly bootId: Uint8Array;
  readonly nonce: Uint8Array;
  readonly signature: Uint8Array;
  /** To a relay, where there is a mesh secret: HMAC-SHA256 under it, 32 bytes. */
  readonly meshProof?: Uint8Array;
}

/** Dialer → listener: the same proof from the other side. */
export interface Proof {
  readonly kind: 'proof';
  readonly signature: Uint8Array;
  /** Token of the realm (a JWT), of an agent whose realm needs one; covered by the signature. */
  readonly token?: string;
  /** Of an agent: its signature over the names of HELLO as a claim, 64 bytes. */
  readonly claim?: Uint8Array;
  /** Of a relay that knows the mesh secret which the listener has proven, 32 bytes. */
  readonly meshProof?: Uint8Array;
}

/** Listener → dialer: the session stands and the names are advertised. */
export interface Welcome {
  readonly kind: 'welcome';
  /** How the relay calls itself, for people. */
  readonly label: string;
}

/** Agent → relay: names to advertise and to withdraw; answered by NAMES_DONE with the same `request`. */
export interface Names {
  readonly kind: 'names';
  readonly request: number;
  readonly add: readonly string[];
  readonly remove: readonly string[];
  /** 1 with the first NAMES of a session, then one more each time. */
  readonly claimSeq: number;
  /** Signature over what all NAMES so far lead to, as a claim, 64 bytes. */
  readonly claim: Uint8Array;
  /** The session's number from now on, with which it is the primary one of its process; without it everything stays as it is. */
  readonly sessionSeq?: number;
}

/** Relay → agent: NAMES was carried out, but for the names listed as taken. */
export interface NamesDone {
  readonly kind: 'names_done';
  readonly request: number;
  readonly taken: readonly string[];
}

/** Either side; answered by PONG with the same number. */
export interface Ping {
  readonly kind: 'ping';
  readonly number: number;
}

/** Answer to PING. */
export interface Pong {
  readonly kind: 'pong';
  readonly number: number;
}

/** Relay → agent: I shall end soon, move on. */
export interface Draining {
  readonly kind: 'draining';
}

/** Either side, before it closes the connection. */
export interface Goodbye {
  readonly kind: 'goodbye';
  readonly code: WireCode;
  readonly text: string;
}

/**
 * Relay → agent: this connection will soon not follow you to another address any more; say HELLO on a new one beside it. The
 * names go to the newer session of the same boot id, and what runs over the older one goes on until it ends.
 */
export interface Renew {
  readonly kind: 'renew';
}

/** Agent → relay: my older sessions of this boot id are over, even if you have not heard of their end. */
export interface FormerGone {
  readonly kind: 'former_gone';
}

/** Relay ↔ relay: one entry of what a relay says of its sessions' names, passed on as its origin signed it; see `OwnedEntry`. */
export interface Owned {
  readonly kind: 'owned';
  /** Ed25519 public key of the relay that says it, 32 bytes. */
  readonly origin: Uint8Array;
  readonly epoch: number;
  readonly version: number;
  /**
   * Of all that the origin said behind this version and before the entry's own, nothing is in force. The sender says so, not the origin, whose
   * signs of life tell whether it is true.
   */
  readonly from: number;
  /** Milliseconds since the sender learned it; at most `ownedAgeMsMax`. */
  readonly ageMs: number;
  readonly entry: Uint8Array;
  /** Of the origin, 64 bytes. */
  readonly signature: Uint8Array;
  /** The answer to OWNED_HAVE is cut here: ask again for the rest. */
  readonly more: boolean;
}

/**
 * Relay ↔ relay: how much of what these relays said is known here; answered with OWNED for what is missing. Three lists of the same
 * length, one element of each per relay.
 */
export interface OwnedHave {
  readonly kind: 'owned_have';
  /** Ed25519 public keys, 32 bytes each. */
  readonly origins: readonly Uint8Array[];
  /** 0 when nothing is known. */
  readonly epochs: readonly number[];
  /** Everything up to these versions is known. */
  readonly versions: readonly number[];
}

/** First message of a tunnel stream. */
export interface Open {
  readonly kind: 'open';
  /** 16 random bytes, fresh for every path: relays can't link paths of one tunnel. */
  readonly pathId: Uint8Array;
  readonly realm: string;
  readonly from: string;
  readonly to: string;
  /** Identities (32 bytes) of relays that have this OPEN or are being asked beside this one. */
  readonly visited: readonly Uint8Array[];
  /** Relays it may still be forwarded to, one after the other. */
  readonly hopsLeft: number;
  /** For the other agent; relays pass it on unread. */
  readonly offer: Uint8Array;
  /** `via` of sessions that shall not answer: they could not prove the cookie. */
  readonly exclude: readonly Uint8Array[];
  /** Ed25519 public key of the agent that opens, 32 bytes; put in by its relay, whatever the agent says. */
  readonly source?: Uint8Array;
  /** Identities (32 bytes) of the relays that the other node has sessions with, as it has told the opener. */
  readonly hints?: readonly Uint8Array[];
}

/** Answer to OPEN; behind it the stream carries records. */
export interface OpenOk {
  readonly kind: 'open_ok';
  /** For the opening agent; relays pass it on unread. */
  readonly answer: Uint8Array;
  /** Which session answers, 16 random bytes; put in by its relay, whatever the agent says. */
  readonly via?: Uint8Array;
}

/** Answer to OPEN; the stream ends. */
export interface OpenFailed {
  readonly kind: 'open_failed';
  readonly code: WireCode;
  readonly text: string;
  /** Which session said so or did not answer, as in OPEN_OK; none when the relays themselves failed. */
  readonly via?: Uint8Array;
}

/** Frame type of each message; numbers are never reused. */
export const messageTypes: Readonly<Record<Message['kind'], number>> = {
  hello: 1,
  challenge: 2,
  proof: 3,
  welcome: 4,
  names: 5,
  names_done: 6,
  ping: 7,
  pong: 8,
  draining: 9,
  goodbye: 10,
  renew: 11,
  former_gone: 12,
  owned: 13,
  owned_have: 14,
  open: 16,
  open_ok: 17,
  open_failed: 18,
};

/** One message as a frame; an explanation that is too long is cut, since the peer would refuse the whole message. */
export function encodeMessage(message: Message): Uint8Array {
  const { kind, ...fields } = message;
  const body =
    'code' in fields
      ? { ...fields, code: codeNumber(fields.code), text: cutText(fields.text, textBytesMax) }
      : fields;
  return encodeRawFrame(messageTypes[kind], encodeBody(body));
}

/**
 * The message in a frame; undefined for a type this version doesn't know (a newer minor version's: ignore it on a control stream, and reset a
 * tunnel stream that begins with it).
 * @throws WireError `bad_body`, `bad_field`, or `version_unsupported` for HELLO and CHALLENGE of another major version
 */
export function decodeMessage(frame: RawFrame): Message | undefined {
  const decode = decoders[frame.type];
  return decode === undefined ? undefined : decode(new Fields(decodeBody(frame.body)));
}

const decoders: Readonly<Record<number, (fields: Fields) => Message>> = {
  [messageTypes.hello]: (f) => ({
    kind: 'hello',
    major: major(f, 'dialer'),
    minor: f.count('minor', 65_535),
    role: f.oneOf('role', ['agent', 'relay']),
    realm: f.text('realm', realmBytesMax, true),
    names: f.texts('names', namesPerSessionMax, nodeNameBytesMax),
    identity: f.bytes('identity', 32),
    bootId: f.bytes('bootId', 16),
    sessionSeq: f.count('sessionSeq'),
    nonce: f.bytes('nonce', 32),
    certificate: f.bytes('certificate', 32),
    label: f.text('label', textBytesMax, true),
    ...f.optional('standby', () => f.flag('standby')),
  }),
  [messageTypes.challenge]: (f) => ({
    kind: 'challenge',
    major: major(f, 'listener'),
    minor: f.count('minor', 65_535),
    identity: f.bytes('identity', 32),
    bootId: f.bytes('bootId', 16),
    nonce: f.bytes('nonce', 32),
    signature: f.bytes('signature', 64),
    ...f.optional('meshProof', () => f.bytes('meshProof', 32)),
  }),
  [messageTypes.proof]: (f) => ({
    kind: 'proof',
    signature: f.bytes('signature', 64),
    ...f.optional('token', () => f.text('token', tokenBytesMax)),
    ...f.optional('claim', () => f.bytes('claim', 64)),
    ...f.optional('meshProof', () => f.bytes('meshProof', 32)),
  }),
  [messageTypes.welcome]: (f) => ({ kind: 'welcome', label: f.text('label', textBytesMax, true) }),
  [messageTypes.names]: (f) => ({
    kind: 'names',
    request: f.count('request'),
    add: f.texts('add', namesPerSessionMax, nodeNameBytesMax),
    remove: f.texts('remove', namesPerSessionMax, nodeNameBytesMax),
    claimSeq: f.count('claimSeq'),
    claim: f.bytes('claim', 64),
    ...f.optional('sessionSeq', () => f.count('sessionSeq')),
  }),
  [messageTypes.names_done]: (f) => ({
    kind: 'names_done',
    request: f.count('request'),
    taken: f.texts('taken', namesPerSessionMax, nodeNameBytesMax),
  }),
  [messageTypes.ping]: (f) => ({ kind: 'ping', number: f.count('number') }),
  [messageTypes.pong]: (f) => ({ kind: 'pong', number: f.count('number') }),
  [messageTypes.draining]: () => ({ kind: 'draining' }),
  [messageTypes.goodbye]: (f) => ({
    kind: 'goodbye',
    code: codeFromNumber(f.count('code')),
    text: f.text('text', textBytesMax, true),
  }),
  [messageTypes.renew]: () => ({ kind: 'renew' }),
  [messageTypes.former_gone]: () => ({ kind: 'former_gone' }),
  [messageTypes.owned]: (f) => ({
    kind: 'owned',
    origin: f.bytes('origin', 32),
    epoch: f.count('epoch'),
    version: f.count('version'),
    from: f.count('from'),
    ageMs: f.count('ageMs', ownedAgeMsMax),
    entry: f.bytesUpTo('entry', ownedEntryBytesMax),
    signature: f.bytes('signature', 64),
    more: f.flag('more'),
  }),
  [messageTypes.owned_have]: (f) => {
    const origins = f.bytesList('origins', ownedOriginsMax, 32);
    const epochs = f.counts('epochs', ownedOriginsMax);
    const versions = f.counts('versions', ownedOriginsMax);
    if (epochs.length !== origins.length || versions.length !== origins.length)
      throw new WireError('bad_field', 'origins, epochs and versions are not of one length');
    return { kind: 'owned_have', origins, epochs, versions };
  },
  [messageTypes.open]: (f) => ({
    kind: 'open',
    pathId: f.bytes('pathId', 16),
    realm: f.text('realm', realmBytesMax),
    from: f.text('from', nodeNameBytesMax),
    to: f.text('to', nodeNameBytesMax),
    visited: f.bytesList('visited', visitedRelaysMax, 32),
    hopsLeft: f.count('hopsLeft', 255),
    offer: f.bytesUpTo('offer', openPayloadBytesMax),
    exclude: f.bytesList('exclude', excludedSessionsMax, 16),
    ...f.optional('source', () => f.bytes('source', 32)),
    ...f.optional('hints', () => f.bytesList('hints', hintedRelaysMax, 32)),
  }),
  [messageTypes.open_ok]: (f) => ({
    kind: 'open_ok',
    answer: f.bytesUpTo('answer', openPayloadBytesMax),
    ...f.optional('via', () => f.bytes('via', 16)),
  }),
  [messageTypes.open_failed]: (f) => ({
    kind: 'open_failed',
    code: codeFromNumber(f.count('code')),
    text: f.text('text', textBytesMax, true),
    ...f.optional('via', () => f.bytes('via', 16)),
  }),
};

function major(fields: Fields, whose: 'dialer' | 'listener'): number {
  const value = fields.count('major', 65_535);
  requireMajor(value, whose);
  return value;
}
