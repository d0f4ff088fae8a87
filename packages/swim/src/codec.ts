import { type ClaimStatus, type MemberClaim, statusRank } from './claim.js';
import { SwimError } from './errors.js';
import {
  checkMessage,
  type MemberState,
  type MemberUpdate,
  type SwimMessage,
  stateRank,
} from './messages.js';

/**
 * A message as bytes (all numbers big-endian, sizes in bytes):
 *
 * ```text
 * kind:1   (0 ping, 1 ack, 2 nack, 3 ping_request, 4 compare, 5 join, 6 join_reply, 7 gossip)
 *   sequence:8                 of ping, ack, nack and ping_request
 *   target: length:2 UTF-8     of ping_request
 *   digest:4                   of compare
 * updates, to the end:
 *   id: length:2 UTF-8   incarnation:8   status:1 (0 alive, 1 draining, 2 left)   metadata: length:2 bytes   signature: length:1 bytes
 *   state:1 (0 alive, 1 suspect, 2 dead, 3 left)   by: length:2 UTF-8 (empty: nobody is named)
 * ```
 *
 * Lists that need more than `bytesMax` come as several messages of the kind, which say the same one after the other.
 *
 * @param bytesMax at least 2,048, so that the largest update fits
 */
export function encodeMessage(message: SwimMessage, bytesMax: number): Uint8Array[] {
  const head = encodeHead(message);
  const encoded: Uint8Array[] = [];
  let parts = [head];
  let size = head.length;
  for (const update of message.gossip) {
    const bytes = encodeUpdate(update);
    if (size + bytes.length > bytesMax) {
      encoded.push(concat(parts));
      parts = [head];
      size = head.length;
    }
    parts.push(bytes);
    size += bytes.length;
  }
  return [...encoded, concat(parts)];
}

/**
 * Reads what {@link encodeMessage} wrote.
 *
 * @throws {SwimError} `invalid_message` for anything else, or for a message out of bounds
 */
export function decodeMessage(bytes: Uint8Array): SwimMessage {
  const reader = new Reader(bytes);
  const kind = kinds[reader.number(1)];
  if (kind === undefined) throw invalid('unknown kind');
  const message = decodeBody(kind, reader);
  checkMessage(message);
  return message;
}

function decodeBody(kind: SwimMessage['kind'], reader: Reader): SwimMessage {
  switch (kind) {
    case 'ping':
    case 'ack':
    case 'nack':
      return { kind, sequence: reader.number(8), gossip: decodeUpdates(reader) };
    case 'ping_request': {
      const sequence = reader.number(8);
      return { kind, sequence, target: reader.text(), gossip: decodeUpdates(reader) };
    }
    case 'compare':
      return { kind, digest: reader.number(4), gossip: decodeUpdates(reader) };
    case 'join':
    case 'join_reply':
    case 'gossip':
      return { kind, gossip: decodeUpdates(reader) };
  }
}

function encodeHead(message: SwimMessage): Uint8Array {
  const parts = [number(kinds.indexOf(message.kind), 1)];
  if ('sequence' in message) parts.push(number(message.sequence, 8));
  if (message.kind === 'ping_request') parts.push(...text(message.target));
  if (message.kind === 'compare') parts.push(number(message.digest, 4));
  return concat(parts);
}

function encodeUpdate({ claim, state, by = '' }: MemberUpdate): Uint8Array {
  const { id, incarnation, status, metadata, signature } = claim;
  return concat([
    ...text(id),
    number(incarnation, 8),
    number(statusRank[status], 1),
    number(metadata.length, 2),
    metadata,
    number(signature.length, 1),
    signature,
    number(stateRank[state], 1),
    ...text(by),
  ]);
}

function decodeUpdates(reader: Reader): MemberUpdate[] {
  const updates: MemberUpdate[] = [];
  while (!reader.isAtEnd) updates.push(decodeUpdate(reader));
  return updates;
}

function decodeUpdate(reader: Reader): MemberUpdate {
  const id = reader.text();
  const incarnation = reader.number(8);
  const status = statuses[reader.number(1)];
  const metadata = reader.bytes(reader.number(2));
  const signature = reader.bytes(reader.number(1));
  const state = states[reader.number(1)];
  const by = reader.text();
  if (status === undefined || state === undefined) throw invalid('unknown status or state');
  const claim: MemberClaim = { id, incarnation, status, metadata, signature };
  return by === '' ? { claim, state } : { claim, state, by };
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  bytes(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw invalid('cut off');
    this.#at += length;
    return new Uint8Array(this.#bytes.subarray(this.#at - length, this.#at)); // a copy, also of a Buffer
  }

  number(length: 1 | 2 | 4 | 8): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw invalid('cut off');
    this.#at += length;
    switch (length) {
      case 1:
        return this.#view.getUint8(at);
      case 2:
        return this.#view.getUint16(at);
      case 4:
        return this.#view.getUint32(at);
      case 8: {
        const value = this.#view.getBigUint64(at);
        if (value > Number.MAX_SAFE_INTEGER) throw invalid('number too large');
        return Number(value);
      }
    }
  }

  text(): string {
    const bytes = this.bytes(this.number(2));
    try {
      return decoder.decode(bytes);
    } catch (cause) {
      throw new SwimError('invalid_message', 'text is no UTF-8', { cause });
    }
  }
}

function number(value: number, length: 1 | 2 | 4 | 8): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes.subarray(8 - length);
}

function text(value: string): Uint8Array[] {
  const bytes = encoder.encode(value);
  return [number(bytes.length, 2), bytes];
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function invalid(why: string): SwimError {
  return new SwimError('invalid_message', why);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const kinds: readonly SwimMessage['kind'][] = [
  ...(['ping', 'ack', 'nack', 'ping_request', 'compare', 'join', 'join_reply', 'gossip'] as const),
];
const statuses = byRank(statusRank) as readonly ClaimStatus[];
const states = byRank(stateRank) as readonly MemberState[];

function byRank(ranks: Readonly<Record<string, number>>): string[] {
  return Object.keys(ranks).sort((a, b) => (ranks[a] ?? 0) - (ranks[b] ?? 0));
}
