import { decodeBody, encodeBody } from './body.js';
import { codeNumber } from './codes.js';
import { cutText, Fields } from './fields.js';
import { encodeRawFrame, type RawFrame } from './frame.js';
import { textBytesMax } from './limits.js';
import { type RelayMessage, relayDecoders } from './relay-messages.js';
import { type SessionMessage, sessionDecoders } from './session-messages.js';
import { type TunnelMessage, tunnelDecoders } from './tunnel-messages.js';

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
 *   WATCH, PING, PONG, GOODBYE         PRESENCE, PING, PONG, GOODBYE
 *
 *   OWNED, OWNED_HAVE, SWIM, FILTER,   ◀─▶   the same, between relays
 *   FILTER_DELTA, FILTER_VERSION, FILTER_ASK
 * ```
 *
 * Every further stream, opened by either side, carries one path of one tunnel:
 *
 * ```text
 *   OPEN                       ──▶     routed by realm and name, relay after relay
 *                              ◀──     OPEN_OK, then sealed records until the stream ends; or OPEN_FAILED
 * ```
 */
export type Message = SessionMessage | RelayMessage | TunnelMessage;

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
  swim: 15,
  open: 16,
  open_ok: 17,
  open_failed: 18,
  filter: 19,
  filter_delta: 20,
  filter_version: 21,
  filter_ask: 22,
  watch: 23,
  presence: 24,
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
  const decode = decoders.get(frame.type);
  return decode === undefined ? undefined : decode(new Fields(decodeBody(frame.body)));
}

const decodersByKind: Readonly<Record<Message['kind'], (fields: Fields) => Message>> = {
  ...sessionDecoders,
  ...relayDecoders,
  ...tunnelDecoders,
};

const decoders: ReadonlyMap<number, (fields: Fields) => Message> = new Map(
  (Object.keys(messageTypes) as Message['kind'][]).map((kind) => [messageTypes[kind], decodersByKind[kind]]),
);
