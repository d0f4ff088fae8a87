import { codeFromNumber, type WireCode } from './codes.js';
import {
  excludedSessionsMax,
  hintedRelaysMax,
  nodeNameBytesMax,
  openPayloadBytesMax,
  realmBytesMax,
  textBytesMax,
  visitedRelaysMax,
} from './limits.js';
import type { MessageDecoders } from './message-decoders.js';

/** How a tunnel stream begins. */
export type TunnelMessage = Open | OpenOk | OpenFailed;

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

/** Decoders of these messages, by kind. */
export const tunnelDecoders: MessageDecoders<TunnelMessage> = {
  open: (f) => ({
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
  open_ok: (f) => ({
    kind: 'open_ok',
    answer: f.bytesUpTo('answer', openPayloadBytesMax),
    ...f.optional('via', () => f.bytes('via', 16)),
  }),
  open_failed: (f) => ({
    kind: 'open_failed',
    code: codeFromNumber(f.count('code')),
    text: f.text('text', textBytesMax, true),
    ...f.optional('via', () => f.bytes('via', 16)),
  }),
};
