import { HandshakeError } from './errors.js';

/**
 * Messages of the distribution handshake, each behind a length of two bytes:
 *
 * ```text
 * send_name        'N' flags:8 creation:4 n:2 name:n              initiator → acceptor
 * send_status      's' text                                       acceptor → initiator; the answer to `alive` the other way
 *   of a dynamic name: 's' "named:" n:2 name:n creation:4         the name in UTF-8
 * send_challenge   'N' flags:8 challenge:4 creation:4 n:2 name:n  acceptor → initiator
 * challenge_reply  'r' challenge:4 digest:16                      initiator → acceptor
 * challenge_ack    'a' digest:16                                  acceptor → initiator
 * ```
 *
 * What follows behind the fields of 'N' and of "named:" is ignored. Names are in Latin-1 but where it says UTF-8: that is not in the
 * guide, but what `dist_util` does.
 *
 * Source: ERTS User's Guide, "Distribution Handshake" (version 6); `dist_util` of OTP 25, 27 and 29.
 */
export type HandshakeMessage =
  | { readonly kind: 'name'; readonly flags: bigint; readonly creation: number; readonly name: string }
  | { readonly kind: 'status'; readonly status: string }
  | { readonly kind: 'named'; readonly name: string; readonly creation: number }
  | {
      readonly kind: 'challenge';
      readonly flags: bigint;
      readonly challenge: number;
      readonly creation: number;
      readonly name: string;
    }
  | { readonly kind: 'reply'; readonly challenge: number; readonly digest: Uint8Array }
  | { readonly kind: 'ack'; readonly digest: Uint8Array };

/** The message as it goes over the line, with its length. @throws {HandshakeError} `invalid_name` for a name that is not Latin-1 */
export function encodeHandshake(message: HandshakeMessage): Uint8Array {
  const body = bodyOf(message);
  const bytes = new Uint8Array(2 + body.length);
  new DataView(bytes.buffer).setUint16(0, body.length);
  bytes.set(body, 2);
  return bytes;
}

/**
 * Reads a message without its length. `awaited` tells apart the two that begin with `N`.
 *
 * @throws {HandshakeError} `malformed`, `old_version`, `invalid_name`
 */
export function decodeHandshake(body: Uint8Array, awaited: HandshakeMessage['kind']): HandshakeMessage {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const tag = String.fromCharCode(body[0] ?? 0);
  try {
    switch (tag) {
      case 'n':
        throw new HandshakeError(
          'old_version',
          'a node of OTP 22 or before; OTP 25 is the oldest that is supported',
        );
      case 'c':
        throw new HandshakeError(
          'old_version',
          'a complement, which belongs to the handshake of OTP 22 and before',
        );
      case 'N': {
        const flags = view.getBigUint64(1);
        const isName = awaited === 'name';
        const creationAt = isName ? 9 : 13;
        const creation = view.getUint32(creationAt);
        const name = latin1(nameAt(body, creationAt + 4));
        if (isName) return { kind: 'name', flags, creation, name };
        return { kind: 'challenge', flags, challenge: view.getUint32(9), creation, name };
      }
      case 's': {
        if (!startsWith(body, named)) return { kind: 'status', status: latin1(body.subarray(1)) };
        const name = nameAt(body, named.length);
        const creation = view.getUint32(named.length + 2 + name.length);
        return { kind: 'named', name: fromUtf8(name), creation };
      }
      case 'r':
        return { kind: 'reply', challenge: view.getUint32(1), digest: exactly(body, 5) };
      case 'a':
        return { kind: 'ack', digest: exactly(body, 1) };
      default:
        throw new HandshakeError('malformed', `handshake message that begins with byte ${body[0]}`);
    }
  } catch (thrown) {
    if (thrown instanceof RangeError)
      throw new HandshakeError('malformed', `handshake message '${tag}' of ${body.length} bytes`, {
        cause: thrown,
      });
    throw thrown;
  }
}

/** Bytes of a handshake message, far above the longest name. */
export const handshakeBytesMax = 1_500;

function bodyOf(message: HandshakeMessage): Uint8Array {
  switch (message.kind) {
    case 'name':
      return joined('N', u64(message.flags), u32(message.creation), withLength(latin1Bytes(message.name)));
    case 'status':
      return joined('s', utf8.encode(message.status));
    case 'named':
      return joined('s', utf8.encode('named:'), withLength(utf8.encode(message.name)), u32(message.creation));
    case 'challenge': {
      const { flags, challenge, creation, name } = message;
      return joined('N', u64(flags), u32(challenge), u32(creation), withLength(latin1Bytes(name)));
    }
    case 'reply':
      return joined('r', u32(message.challenge), message.digest);
    case 'ack':
      return joined('a', message.digest);
  }
}

function nameAt(body: Uint8Array, at: number): Uint8Array {
  const length = new DataView(body.buffer, body.byteOffset, body.byteLength).getUint16(at);
  const bytes = body.subarray(at + 2, at + 2 + length);
  if (bytes.length < length) throw new HandshakeError('malformed', 'a name longer than its message');
  return bytes;
}

function fromUtf8(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch (cause) {
    throw new HandshakeError('invalid_name', 'a given name that is not UTF-8', { cause });
  }
}

function latin1Bytes(name: string): Uint8Array {
  return Uint8Array.from(name, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code > 255)
      throw new HandshakeError('invalid_name', `not in Latin-1: ${JSON.stringify(name.slice(0, 300))}`);
    return code;
  });
}

function exactly(body: Uint8Array, at: number): Uint8Array {
  if (body.length !== at + 16)
    throw new HandshakeError('malformed', `digest in a message of ${body.length} bytes`);
  return body.slice(at);
}

function startsWith(body: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, at) => body[at] === byte);
}

function joined(tag: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(1 + parts.reduce((sum, { length }) => sum + length, 0));
  bytes[0] = tag.charCodeAt(0);
  let at = 1;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function withLength(text: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 + text.length);
  new DataView(bytes.buffer).setUint16(0, text.length);
  bytes.set(text, 2);
  return bytes;
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const named = utf8.encode('snamed:');
