import { codeFromNumber, type WireCode } from './codes.js';
import type { Fields } from './fields.js';
import {
  namesPerSessionMax,
  nodeNameBytesMax,
  presenceNamesMax,
  realmBytesMax,
  retryMsMax,
  textBytesMax,
  tokenBytesMax,
} from './limits.js';
import type { MessageDecoders } from './message-decoders.js';
import { requireMajor } from './version.js';

/** What a session says on its control stream. */
export type SessionMessage =
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
  | Watch
  | Presence;

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
  /** Of a relay that has no room or time now: milliseconds until it may be tried again. */
  readonly retryMs?: number;
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

/** Agent → relay: tell me who is in my realm, and who comes and goes; or, with `on` false, tell no more. Answered by PRESENCE. */
export interface Watch {
  readonly kind: 'watch';
  readonly on: boolean;
}

/**
 * Relay → agent that watches: names of its realm that are in the mesh since the last one, and names that are not any more. All names come first,
 * in one or several messages.
 */
export interface Presence {
  readonly kind: 'presence';
  /** Begins the list of all names: what was said before doesn't count any more. */
  readonly whole: boolean;
  /** The next message belongs to this one. */
  readonly more: boolean;
  readonly joined: readonly string[];
  readonly left: readonly string[];
}

/** Decoders of these messages, by kind. */
export const sessionDecoders: MessageDecoders<SessionMessage> = {
  hello: (f) => ({
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
  challenge: (f) => ({
    kind: 'challenge',
    major: major(f, 'listener'),
    minor: f.count('minor', 65_535),
    identity: f.bytes('identity', 32),
    bootId: f.bytes('bootId', 16),
    nonce: f.bytes('nonce', 32),
    signature: f.bytes('signature', 64),
    ...f.optional('meshProof', () => f.bytes('meshProof', 32)),
  }),
  proof: (f) => ({
    kind: 'proof',
    signature: f.bytes('signature', 64),
    ...f.optional('token', () => f.text('token', tokenBytesMax)),
    ...f.optional('claim', () => f.bytes('claim', 64)),
    ...f.optional('meshProof', () => f.bytes('meshProof', 32)),
  }),
  welcome: (f) => ({ kind: 'welcome', label: f.text('label', textBytesMax, true) }),
  names: (f) => ({
    kind: 'names',
    request: f.count('request'),
    add: f.texts('add', namesPerSessionMax, nodeNameBytesMax),
    remove: f.texts('remove', namesPerSessionMax, nodeNameBytesMax),
    claimSeq: f.count('claimSeq'),
    claim: f.bytes('claim', 64),
    ...f.optional('sessionSeq', () => f.count('sessionSeq')),
  }),
  names_done: (f) => ({
    kind: 'names_done',
    request: f.count('request'),
    taken: f.texts('taken', namesPerSessionMax, nodeNameBytesMax),
  }),
  ping: (f) => ({ kind: 'ping', number: f.count('number') }),
  pong: (f) => ({ kind: 'pong', number: f.count('number') }),
  draining: () => ({ kind: 'draining' }),
  goodbye: (f) => ({
    kind: 'goodbye',
    code: codeFromNumber(f.count('code')),
    text: f.text('text', textBytesMax, true),
    ...f.optional('retryMs', () => f.count('retryMs', retryMsMax)),
  }),
  renew: () => ({ kind: 'renew' }),
  former_gone: () => ({ kind: 'former_gone' }),
  watch: (f) => ({ kind: 'watch', on: f.flag('on') }),
  presence: (f) => ({
    kind: 'presence',
    whole: f.flag('whole'),
    more: f.flag('more'),
    joined: f.texts('joined', presenceNamesMax, nodeNameBytesMax),
    left: f.texts('left', presenceNamesMax, nodeNameBytesMax),
  }),
};

function major(fields: Fields, whose: 'dialer' | 'listener'): number {
  const value = fields.count('major', 65_535);
  requireMajor(value, whose);
  return value;
}
