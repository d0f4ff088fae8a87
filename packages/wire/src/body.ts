import { Packr } from 'msgpackr';
import { WireError } from './errors.js';
import { bodyDepthMax } from './limits.js';

/** A decoded body: a map with text keys. */
export type Body = Readonly<Record<string, unknown>>;

const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: false, variableMapSize: true });

/** Encodes a body as a msgpack map; undefined fields are left out. */
export function encodeBody(body: Body): Uint8Array {
  const present = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
  return packr.pack(present);
}

/**
 * Decodes a body. msgpackr by itself also accepts extension types (records, classes, errors), so the bytes are checked
 * first: only nil, booleans, numbers, text, bytes, arrays and maps, nested at most `bodyDepthMax` deep, nothing behind the end. Text must be
 * UTF-8: msgpackr would read other bytes in ways of its own, and two names that are signed alike could be two names here.
 * @throws WireError `bad_body`
 */
export function decodeBody(bytes: Uint8Array): Body {
  const end = checkValue(bytes, 0, 0);
  if (end !== bytes.length) throw new WireError('bad_body', `${bytes.length - end} bytes behind the body`);
  let value: unknown;
  try {
    value = packr.unpack(bytes);
  } catch (cause) {
    throw new WireError('bad_body', 'the body is not msgpack', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    throw new WireError('bad_body', 'the body is not a map');
  }
  return value as Body;
}

/** Returns the offset behind the value at `at`. */
function checkValue(bytes: Uint8Array, at: number, depth: number): number {
  if (depth > bodyDepthMax) throw new WireError('bad_body', `nested deeper than ${bodyDepthMax}`);
  const tag = byteAt(bytes, at);
  if (tag <= 0x7f || tag >= 0xe0) return at + 1;
  if (tag <= 0x8f) return checkMany(bytes, at + 1, (tag & 0x0f) * 2, depth);
  if (tag <= 0x9f) return checkMany(bytes, at + 1, tag & 0x0f, depth);
  if (tag <= 0xbf) return checkText(bytes, at + 1, tag & 0x1f);
  switch (tag) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return at + 1;
    case 0xc4: // bin 8
      return checkBytes(bytes, at + 2, unsigned(bytes, at + 1, 1));
    case 0xc5: // bin 16
      return checkBytes(bytes, at + 3, unsigned(bytes, at + 1, 2));
    case 0xc6: // bin 32
      return checkBytes(bytes, at + 5, unsigned(bytes, at + 1, 4));
    case 0xd9: // str 8
      return checkText(bytes, at + 2, unsigned(bytes, at + 1, 1));
    case 0xda: // str 16
      return checkText(bytes, at + 3, unsigned(bytes, at + 1, 2));
    case 0xdb: // str 32
      return checkText(bytes, at + 5, unsigned(bytes, at + 1, 4));
    case 0xcc: // uint 8
    case 0xd0: // int 8
      return checkBytes(bytes, at + 1, 1);
    case 0xcd: // uint 16
    case 0xd1: // int 16
      return checkBytes(bytes, at + 1, 2);
    case 0xca: // float 32
    case 0xce: // uint 32
    case 0xd2: // int 32
      return checkBytes(bytes, at + 1, 4);
    case 0xcb: // float 64
    case 0xcf: // uint 64
    case 0xd3: // int 64
      return checkBytes(bytes, at + 1, 8);
    case 0xdc: // array 16
      return checkMany(bytes, at + 3, unsigned(bytes, at + 1, 2), depth);
    case 0xdd: // array 32
      return checkMany(bytes, at + 5, unsigned(bytes, at + 1, 4), depth);
    case 0xde: // map 16
      return checkMany(bytes, at + 3, unsigned(bytes, at + 1, 2) * 2, depth);
    case 0xdf: // map 32
      return checkMany(bytes, at + 5, unsigned(bytes, at + 1, 4) * 2, depth);
    default:
      throw new WireError('bad_body', `msgpack type 0x${tag.toString(16)} is not part of the protocol`);
  }
}

function checkMany(bytes: Uint8Array, at: number, count: number, depth: number): number {
  if (count > bytes.length - at)
    throw new WireError('bad_body', `${count} elements in ${bytes.length - at} bytes`);
  let offset = at;
  for (let index = 0; index < count; index++) offset = checkValue(bytes, offset, depth + 1);
  return offset;
}

function checkBytes(bytes: Uint8Array, at: number, length: number): number {
  if (at + length > bytes.length) throw new WireError('bad_body', 'the body is cut off');
  return at + length;
}

function checkText(bytes: Uint8Array, at: number, length: number): number {
  const end = checkBytes(bytes, at, length);
  try {
    utf8.decode(bytes.subarray(at, end));
  } catch (cause) {
    throw new WireError('bad_body', 'a text is not UTF-8', { cause });
  }
  return end;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new WireError('bad_body', 'the body is cut off');
  return byte;
}

function unsigned(bytes: Uint8Array, at: number, size: 1 | 2 | 4): number {
  let value = 0;
  for (let index = 0; index < size; index++) value = value * 256 + byteAt(bytes, at + index);
  return value;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
