import { DirectoryError } from './errors.js';
import { bootIdBytes, elementBytes, identityBytes } from './limits.js';
import { checkMessage, type DirectoryMessage, type HeldSummary, type PlacedStatus } from './messages.js';
import type { DirectoryRecord } from './record.js';

/**
 * A message as bytes (all numbers big-endian, sizes in bytes):
 *
 * ```text
 * kind:1   (0 place, 1 placed, 2 outdone, 3 ask, 4 answer)
 *   place     epoch:8   sequence:8   held:1 (0 none, 1: from:8 count:4 digest:4)   dropped:1   element:16 × dropped   records to the end
 *   placed    epoch:8   sequence:8   status:1 (0 ok, 1 differs, 2 full)
 *   outdone   records to the end
 *   ask       query:8   element:16
 *   answer    query:8   isSettled:1   a record, or the end
 * record:
 *   element:16   identity:32   bootId:16   sessionSeq:8   sinceMs:8   epoch:8   version:8   relay: length:1 ASCII   signature: length:1 bytes
 * ```
 *
 * @throws {DirectoryError} `invalid_message` for a message out of bounds
 */
export function encodeMessage(message: DirectoryMessage): Uint8Array {
  checkMessage(message);
  const writer = new Writer(messageBytes(message));
  writer.number(kinds.indexOf(message.kind), 1);
  switch (message.kind) {
    case 'place':
      writer.number(message.epoch, 8);
      writer.number(message.sequence, 8);
      writeHeld(writer, message.held);
      writer.number(message.dropped.length, 1);
      for (const element of message.dropped) writer.bytes(element);
      for (const record of message.records) writeRecord(writer, record);
      break;
    case 'placed':
      writer.number(message.epoch, 8);
      writer.number(message.sequence, 8);
      writer.number(statuses.indexOf(message.status), 1);
      break;
    case 'outdone':
      for (const record of message.records) writeRecord(writer, record);
      break;
    case 'ask':
      writer.number(message.query, 8);
      writer.bytes(message.element);
      break;
    case 'answer':
      writer.number(message.query, 8);
      writer.number(message.isSettled ? 1 : 0, 1);
      if (message.record !== undefined) writeRecord(writer, message.record);
  }
  return writer.written;
}

/** Bytes of a message as {@link encodeMessage} writes it. */
export function messageBytes(message: DirectoryMessage): number {
  switch (message.kind) {
    case 'place': {
      const { held, dropped, records } = message;
      return 19 + (held === undefined ? 0 : 16) + dropped.length * elementBytes + recordsBytes(records);
    }
    case 'placed':
      return 18;
    case 'outdone':
      return 1 + recordsBytes(message.records);
    case 'ask':
      return 9 + elementBytes;
    case 'answer':
      return 10 + (message.record === undefined ? 0 : recordsBytes([message.record]));
  }
}

/**
 * Reads what {@link encodeMessage} wrote, in its whole length.
 *
 * @throws {DirectoryError} `invalid_message` for anything else, or for a message out of bounds
 */
export function decodeMessage(bytes: Uint8Array): DirectoryMessage {
  const reader = new Reader(bytes);
  const kind = kinds[reader.number(1)];
  if (kind === undefined) throw invalid('unknown kind');
  const message = readBody(kind, reader);
  if (!reader.isAtEnd) throw invalid('bytes behind the end');
  checkMessage(message);
  return message;
}

function readBody(kind: DirectoryMessage['kind'], reader: Reader): DirectoryMessage {
  switch (kind) {
    case 'place': {
      const [epoch, sequence, held] = [reader.number(8), reader.number(8), readHeld(reader)];
      const dropped = Array.from({ length: reader.number(1) }, () => reader.bytes(elementBytes));
      return { kind, epoch, sequence, held, records: readRecords(reader), dropped };
    }
    case 'placed': {
      const [epoch, sequence, status] = [reader.number(8), reader.number(8), statuses[reader.number(1)]];
      if (status === undefined) throw invalid('unknown status');
      return { kind, epoch, sequence, status };
    }
    case 'outdone':
      return { kind, records: readRecords(reader) };
    case 'ask':
      return { kind, query: reader.number(8), element: reader.bytes(elementBytes) };
    case 'answer': {
      const [query, isSettled] = [reader.number(8), reader.flag()];
      return { kind, query, isSettled, record: reader.isAtEnd ? undefined : readRecord(reader) };
    }
  }
}

function writeHeld(writer: Writer, held: HeldSummary | undefined): void {
  writer.number(held === undefined ? 0 : 1, 1);
  if (held === undefined) return;
  writer.number(held.from, 8);
  writer.number(held.count, 4);
  writer.number(held.digest, 4);
}

function readHeld(reader: Reader): HeldSummary | undefined {
  if (!reader.flag()) return undefined;
  return { from: reader.number(8), count: reader.number(4), digest: reader.number(4) };
}

function writeRecord(writer: Writer, record: DirectoryRecord): void {
  writer.bytes(record.element);
  writer.bytes(record.identity);
  writer.bytes(record.bootId);
  for (const value of [record.sessionSeq, record.sinceMs, record.epoch, record.version])
    writer.number(value, 8);
  writer.number(record.relay.length, 1);
  for (let index = 0; index < record.relay.length; index++) writer.number(record.relay.charCodeAt(index), 1);
  writer.number(record.signature.length, 1);
  writer.bytes(record.signature);
}

function readRecords(reader: Reader): DirectoryRecord[] {
  const records: DirectoryRecord[] = [];
  while (!reader.isAtEnd) records.push(readRecord(reader));
  return records;
}

function readRecord(reader: Reader): DirectoryRecord {
  return {
    element: reader.bytes(elementBytes),
    identity: reader.bytes(identityBytes),
    bootId: reader.bytes(bootIdBytes),
    sessionSeq: reader.number(8),
    sinceMs: reader.number(8),
    epoch: reader.number(8),
    version: reader.number(8),
    relay: String.fromCharCode(...reader.bytes(reader.number(1))),
    signature: reader.bytes(reader.number(1)),
  };
}

function recordsBytes(records: readonly DirectoryRecord[]): number {
  let sum = 0;
  for (const { relay, signature } of records) sum += recordFixedBytes + relay.length + signature.length;
  return sum;
}

class Writer {
  readonly written: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(length: number) {
    this.written = new Uint8Array(length);
    this.#view = new DataView(this.written.buffer);
  }

  number(value: number, length: 1 | 4 | 8): void {
    if (length === 8) this.#view.setBigUint64(this.#at, BigInt(value));
    else if (length === 4) this.#view.setUint32(this.#at, value);
    else this.#view.setUint8(this.#at, value);
    this.#at += length;
  }

  bytes(bytes: Uint8Array): void {
    this.written.set(bytes, this.#at);
    this.#at += bytes.length;
  }
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

  number(length: 1 | 4 | 8): number {
    const at = this.#advance(length);
    if (length === 1) return this.#view.getUint8(at);
    if (length === 4) return this.#view.getUint32(at);
    const value = this.#view.getBigUint64(at);
    if (value > Number.MAX_SAFE_INTEGER) throw invalid('number too large');
    return Number(value);
  }

  flag(): boolean {
    const value = this.number(1);
    if (value > 1) throw invalid('a flag is neither 0 nor 1');
    return value === 1;
  }

  bytes(length: number): Uint8Array {
    const at = this.#advance(length);
    return new Uint8Array(this.#bytes.subarray(at, at + length)); // a copy, also of a Buffer
  }

  #advance(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw invalid('cut off');
    this.#at += length;
    return at;
  }
}

function invalid(why: string): DirectoryError {
  return new DirectoryError('invalid_message', `${why}: the sender breaks the protocol`);
}

const kinds: readonly DirectoryMessage['kind'][] = ['place', 'placed', 'outdone', 'ask', 'answer'];
const statuses: readonly PlacedStatus[] = ['ok', 'differs', 'full'];
/** Of a record, without its relay and signature. */
const recordFixedBytes = 98;
