/**
 * The records of a tunnel, as plaintext: what is sealed, one by one. Integers are big-endian.
 *
 *     READY  7 | ticktime u16 | edge u64 | window u32 | ignored …
 *                                                         first record of each side; ticktime in seconds, 0 unknown;
 *                                                         window in milliseconds, 0 or left out: doesn't resume
 *     DATA   1 | start u64    | bytes (1 to 65536)        bytes of the stream from offset `start` on
 *     ACK    2 | received u64 | edge u64                  accepted by the local socket; may be sent up to `edge`
 *     FIN    3 | offset u64                               end of the stream; counts as the byte at `offset`
 *     END    4 | code u16     | text (UTF-8, 0 to 1024)   the tunnel is over; nothing follows
 *     PING   5 | number u64                               answered by PONG with the same number
 *     PONG   6 | number u64
 *     ATTACH 8 | received u64 | edge u64                  first record of each side on an attached path; as in ACK
 *     GONE   9 | code u16     | text (UTF-8, 0 to 1024)   in place of ATTACH: the tunnel is over
 *     RELAYS 10 | n u8 (0 to 8) | n × (length u16 | UTF-8, 1 to 512)
 *
 * READY may grow; every other record has exactly this length.
 */

import {
  concatBytes,
  lengthPrefixed,
  readUint16,
  readUint32,
  readUint64,
  totalBytes,
  uint16,
  uint32,
  utf8Bytes,
  utf8Text,
  writeUint64,
} from './bytes.js';
import { TunnelError } from './errors.js';
import {
  controlBytesMax,
  dataBytesMax,
  endTextBytesMax,
  joinBytesMax,
  relayBytesMax,
  relaysMax,
} from './limits.js';
import { type EndReason, reasonNumber } from './reasons.js';

/** Number of each record type; numbers are never reused. */
export const recordTypes = {
  data: 1,
  ack: 2,
  fin: 3,
  end: 4,
  ping: 5,
  pong: 6,
  ready: 7,
  attach: 8,
  gone: 9,
  relays: 10,
} as const;

/** One record. All offsets are integers from 0 to 2^53 - 1. */
export type TunnelRecord =
  | { readonly kind: 'data'; readonly start: number; readonly bytes: readonly Uint8Array[] }
  | { readonly kind: 'ack'; readonly received: number; readonly edge: number }
  | { readonly kind: 'fin'; readonly offset: number }
  | { readonly kind: 'end'; readonly code: number; readonly text: string }
  | { readonly kind: 'ping'; readonly number: number }
  | { readonly kind: 'pong'; readonly number: number }
  | {
      readonly kind: 'ready';
      readonly ticktimeSeconds: number;
      readonly edge: number;
      readonly windowMs: number;
    }
  | { readonly kind: 'attach'; readonly received: number; readonly edge: number }
  | { readonly kind: 'gone'; readonly code: number; readonly text: string }
  | { readonly kind: 'relays'; readonly relays: readonly string[] };

/** Names of the records this version sends and takes. */
export type RecordKind = TunnelRecord['kind'];

/**
 * The END record of a reason.
 *
 * @param reason - its number goes into the record.
 * @param text - for people; empty: the peer shows the reason's sentence.
 */
export function endRecord(reason: EndReason, text: string): TunnelRecord {
  return { kind: 'end', code: reasonNumber(reason), text };
}

/**
 * A record as plaintext, in pieces; the bytes of DATA are copied only when they are few.
 *
 * @param record - offsets and numbers in bounds; an END text that is too long is cut.
 */
export function encodeRecord(record: TunnelRecord): Uint8Array[] {
  switch (record.kind) {
    case 'data': {
      const parts = [numbersRecord(recordTypes.data, [record.start]), ...record.bytes];
      return totalBytes(record.bytes) <= joinBytesMax ? [concatBytes(parts)] : parts;
    }
    case 'ack':
    case 'attach':
      return [numbersRecord(recordTypes[record.kind], [record.received, record.edge])];
    case 'fin':
      return [numbersRecord(recordTypes.fin, [record.offset])];
    case 'end':
    case 'gone': {
      const text = utf8Bytes(record.text).subarray(0, endTextBytesMax);
      return [concatBytes([Uint8Array.of(recordTypes[record.kind]), uint16(record.code), text])];
    }
    case 'ping':
    case 'pong':
      return [numbersRecord(recordTypes[record.kind], [record.number])];
    case 'ready': {
      const bytes = new Uint8Array(readyBytes);
      bytes[0] = recordTypes.ready;
      bytes.set(uint16(record.ticktimeSeconds), 1);
      writeUint64(bytes, record.edge, 3);
      bytes.set(uint32(record.windowMs), 11);
      return [bytes];
    }
    case 'relays': {
      const head = Uint8Array.of(recordTypes.relays, record.relays.length);
      return [concatBytes([head, lengthPrefixed(record.relays.map(utf8Bytes))])];
    }
  }
}

/**
 * The record in a plaintext.
 *
 * @param pieces - the plaintext as the opener returned it; the bytes of DATA are views of it.
 * @throws TunnelError `bad_length`, `bad_type`, `bad_record`, or `offset_violation` for an offset above 2^53 - 1.
 */
export function decodeRecord(pieces: readonly Uint8Array[]): TunnelRecord {
  const type = pieces.find((piece) => piece.length > 0)?.[0];
  if (type === undefined) throw new TunnelError('bad_length', 'empty record');
  if (type === recordTypes.data) return decodeData(pieces);
  if (totalBytes(pieces) > controlBytesMax) {
    throw new TunnelError('bad_length', `record of type ${type} is too long`);
  }
  const bytes = pieces.length === 1 ? pieces[0]! : concatBytes(pieces);
  switch (type) {
    case recordTypes.ack:
    case recordTypes.attach: {
      requireBytes(bytes, 17);
      const kind = type === recordTypes.ack ? 'ack' : 'attach';
      return { kind, received: offsetAt(bytes, 1), edge: offsetAt(bytes, 9) };
    }
    case recordTypes.fin:
      requireBytes(bytes, 9);
      return { kind: 'fin', offset: offsetAt(bytes, 1) };
    case recordTypes.end:
    case recordTypes.gone: {
      if (bytes.length < 3 || bytes.length > 3 + endTextBytesMax) {
        throw new TunnelError('bad_record', `record of type ${type} has ${bytes.length} bytes`);
      }
      const kind = type === recordTypes.end ? 'end' : 'gone';
      return { kind, code: readUint16(bytes, 1), text: utf8Text(bytes.subarray(3)) };
    }
    case recordTypes.relays:
      return decodeRelays(bytes);
    case recordTypes.ping:
    case recordTypes.pong:
      requireBytes(bytes, 9);
      return { kind: type === recordTypes.ping ? 'ping' : 'pong', number: offsetAt(bytes, 1) };
    case recordTypes.ready:
      return decodeReady(bytes);
    default:
      throw new TunnelError('bad_type', `record of unknown type ${type}`);
  }
}

function decodeData(pieces: readonly Uint8Array[]): TunnelRecord {
  const total = totalBytes(pieces);
  if (total <= dataHeadBytes || total > dataHeadBytes + dataBytesMax) {
    throw new TunnelError('bad_record', `DATA of ${total} bytes`);
  }
  const head = new Uint8Array(dataHeadBytes);
  const bytes: Uint8Array[] = [];
  let filled = 0;
  for (const piece of pieces) {
    const toHead = Math.min(piece.length, dataHeadBytes - filled);
    if (toHead > 0) head.set(piece.subarray(0, toHead), filled);
    filled += toHead;
    if (piece.length > toHead) bytes.push(toHead === 0 ? piece : piece.subarray(toHead));
  }
  return { kind: 'data', start: offsetAt(head, 1), bytes };
}

function decodeReady(bytes: Uint8Array): TunnelRecord {
  if (bytes.length < readyBytesMin) throw new TunnelError('bad_record', `READY of ${bytes.length} bytes`);
  return {
    kind: 'ready',
    ticktimeSeconds: readUint16(bytes, 1),
    edge: offsetAt(bytes, 3),
    windowMs: bytes.length < readyBytes ? 0 : readUint32(bytes, 11),
  };
}

function decodeRelays(bytes: Uint8Array): TunnelRecord {
  const count = bytes[1] ?? relaysMax + 1;
  if (count > relaysMax) throw new TunnelError('bad_record', `RELAYS lists ${count}`);
  const relays: string[] = [];
  let at = 2;
  for (let index = 0; index < count; index++) {
    const textAt = at + 2;
    if (textAt > bytes.length) throw new TunnelError('bad_record', 'RELAYS is cut off');
    at = textAt + readUint16(bytes, textAt - 2);
    const relay = utf8Text(bytes.subarray(textAt, at));
    if (at > bytes.length || !isRelayText(relay)) throw new TunnelError('bad_record', 'RELAYS is malformed');
    relays.push(relay);
  }
  requireBytes(bytes, at);
  return { kind: 'relays', relays };
}

/**
 * Whether a text may stand in RELAYS: 1 to 512 printable characters of ASCII, as URLs are.
 *
 * @param text - any text.
 */
export function isRelayText(text: string): boolean {
  return text.length <= relayBytesMax && /^[\x21-\x7e]+$/.test(text);
}

function numbersRecord(type: number, numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(1 + 8 * numbers.length);
  bytes[0] = type;
  numbers.forEach((value, index) => {
    writeUint64(bytes, value, 1 + 8 * index);
  });
  return bytes;
}

function offsetAt(bytes: Uint8Array, index: number): number {
  const value = readUint64(bytes, index);
  if (value === undefined) throw new TunnelError('offset_violation', 'a number above 2^53 - 1');
  return value;
}

function requireBytes(bytes: Uint8Array, expected: number): void {
  if (bytes.length !== expected) {
    throw new TunnelError('bad_record', `record of type ${bytes[0]} has ${bytes.length} bytes`);
  }
}

const dataHeadBytes = 9;
/** Without the window, which earlier versions left out. */
const readyBytesMin = 11;
const readyBytes = 15;
