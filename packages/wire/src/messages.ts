import { decodeBody, encodeBody } from './body.js';
import { codeFromNumber, codeNumber, type WireCode } from './codes.js';
import { cutText, Fields } from './fields.js';
import { encodeRawFrame, type RawFrame } from './frame.js';
import {
  namesPerSessionMax,
  nodeNameBytesMax,
  openPayloadBytesMax,
  realmBytesMax,
  textBytesMax,
  visitedRelaysMax,
} from './limits.js';

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
  /** How the node calls itself (`identity` of join_mesh); for people, proves nothing. */
  readonly label: string;
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
}

/** Dialer → listener: the same proof from the other side. */
export interface Proof {
  readonly kind: 'proof';
  readonly signature: Uint8Array;
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
 * Relay → agent, since minor 1: this connection will soon not follow you to another address any more; say HELLO on a new one beside it. The
 * names go to the newer session of the same boot id, and what runs over the older one goes on until it ends.
 */
export interface Renew {
  readonly kind: 'renew';
}

/** Agent → relay, since minor 1: my older sessions of this boot id are over, even if you have not heard of their end. */
export interface FormerGone {
  readonly kind: 'former_gone';
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
}

/** Answer to OPEN; behind it the stream carries records. */
export interface OpenOk {
  readonly kind: 'open_ok';
  /** For the opening agent; relays pass it on unread. */
  readonly answer: Uint8Array;
}

/** Answer to OPEN; the stream ends. */
export interface OpenFailed {
  readonly kind: 'open_failed';
  readonly code: WireCode;
  readonly text: string;
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
 * The message in a frame; undefined for a type this version doesn't know (a newer minor version's: ignore it).
 * @throws WireError `bad_body` or `bad_field`
 */
export function decodeMessage(frame: RawFrame): Message | undefined {
  const decode = decoders[frame.type];
  return decode === undefined ? undefined : decode(new Fields(decodeBody(frame.body)));
}

const decoders: Readonly<Record<number, (fields: Fields) => Message>> = {
  [messageTypes.hello]: (f) => ({
    kind: 'hello',
    major: f.count('major', 65_535),
    minor: f.count('minor', 65_535),
    role: f.oneOf('role', ['agent', 'relay']),
    realm: f.text('realm', realmBytesMax, true),
    names: f.texts('names', namesPerSessionMax, nodeNameBytesMax),
    identity: f.bytes('identity', 32),
    bootId: f.bytes('bootId', 16),
    sessionSeq: f.count('sessionSeq'),
    nonce: f.bytes('nonce', 32),
    label: f.text('label', textBytesMax, true),
  }),
  [messageTypes.challenge]: (f) => ({
    kind: 'challenge',
    major: f.count('major', 65_535),
    minor: f.count('minor', 65_535),
    identity: f.bytes('identity', 32),
    bootId: f.bytes('bootId', 16),
    nonce: f.bytes('nonce', 32),
    signature: f.bytes('signature', 64),
  }),
  [messageTypes.proof]: (f) => ({ kind: 'proof', signature: f.bytes('signature', 64) }),
  [messageTypes.welcome]: (f) => ({ kind: 'welcome', label: f.text('label', textBytesMax, true) }),
  [messageTypes.names]: (f) => ({
    kind: 'names',
    request: f.count('request'),
    add: f.texts('add', namesPerSessionMax, nodeNameBytesMax),
    remove: f.texts('remove', namesPerSessionMax, nodeNameBytesMax),
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
  [messageTypes.open]: (f) => ({
    kind: 'open',
    pathId: f.bytes('pathId', 16),
    realm: f.text('realm', realmBytesMax),
    from: f.text('from', nodeNameBytesMax),
    to: f.text('to', nodeNameBytesMax),
    visited: f.bytesList('visited', visitedRelaysMax, 32),
    hopsLeft: f.count('hopsLeft', 255),
    offer: f.bytesUpTo('offer', openPayloadBytesMax),
  }),
  [messageTypes.open_ok]: (f) => ({ kind: 'open_ok', answer: f.bytesUpTo('answer', openPayloadBytesMax) }),
  [messageTypes.open_failed]: (f) => ({
    kind: 'open_failed',
    code: codeFromNumber(f.count('code')),
    text: f.text('text', textBytesMax, true),
  }),
};
