import type { ByteWriter } from './byte-writer.js';
import { EtfError } from './errors.js';
import { Tag } from './tags.js';

/** Appends an integer. @throws {EtfError} `invalid_term` when it is not a safe integer. */
export function writeInteger(writer: ByteWriter, value: number): void {
  if (value === (value | 0)) {
    if (value >= 0 && value <= 255) writer.tagged8(Tag.smallInteger, value);
    else writer.tagged32(Tag.integer, value);
    return;
  }
  if (!Number.isSafeInteger(value))
    throw new EtfError(
      'invalid_term',
      `${value} is not a safe integer: use Float for floats, bigint beyond 2^53`,
    );
  writeSafeInteger(writer, value);
}

/** Appends an integer of any size, in its only form. */
export function writeBigint(writer: ByteWriter, value: bigint): void {
  if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) {
    writeInteger(writer, Number(value));
    return;
  }
  const hex = (value < 0n ? -value : value).toString(16);
  const length = (hex.length + 1) >> 1;
  if (length <= 255) writer.tagged8(Tag.smallBig, length);
  else writer.tagged32(Tag.largeBig, length);
  writer.u8(value < 0n ? 1 : 0);
  for (let at = hex.length - 1; at >= 0; at -= 2) {
    const high = at === 0 ? 0 : digitOf(hex.charCodeAt(at - 1));
    writer.u8((high << 4) | digitOf(hex.charCodeAt(at)));
  }
}

/** The integer whose digits these bytes are, least significant first: a `number` where it is safe. */
export function integerOf(
  bytes: Uint8Array,
  at: number,
  length: number,
  isNegative: boolean,
): number | bigint {
  let used = length;
  while (used > 0 && bytes[at + used - 1] === 0) used -= 1;
  if (used > 7) return bigintOf(bytes, at, used, isNegative);
  let value = 0;
  for (let index = used - 1; index >= 0; index--) value = value * 256 + bytes[at + index]!;
  // A value of 7 bytes may have been rounded, but then it is beyond 2^53 all the same.
  if (value > Number.MAX_SAFE_INTEGER) return bigintOf(bytes, at, used, isNegative);
  return isNegative && value !== 0 ? -value : value;
}

/** Through hexadecimal text, which costs time in proportion to its length; shifting bigints would cost its square. */
function bigintOf(bytes: Uint8Array, at: number, length: number, isNegative: boolean): bigint {
  let magnitude: bigint;
  if (length <= 8) {
    const low = wordAt(bytes, at, Math.min(4, length));
    magnitude = (BigInt(wordAt(bytes, at + 4, length - 4)) << 32n) | BigInt(low);
  } else {
    const digits = new Uint8Array(length * 2);
    for (let index = 0; index < length; index++) {
      const byte = bytes[at + length - 1 - index]!;
      digits[index * 2] = digitCode(byte >> 4);
      digits[index * 2 + 1] = digitCode(byte & 15);
    }
    magnitude = BigInt(`0x${ascii.decode(digits)}`);
  }
  return isNegative ? -magnitude : magnitude;
}

/** Beyond 32 bits, up to 53. */
function writeSafeInteger(writer: ByteWriter, value: number): void {
  let rest = Math.abs(value);
  const length = rest < 2 ** 32 ? 4 : rest < 2 ** 40 ? 5 : rest < 2 ** 48 ? 6 : 7;
  writer.tagged8(Tag.smallBig, length);
  writer.u8(value < 0 ? 1 : 0);
  for (let count = 0; count < length; count++) {
    writer.u8(rest % 256);
    rest = Math.floor(rest / 256);
  }
}

function wordAt(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let index = length - 1; index >= 0; index--) value = value * 256 + bytes[at + index]!;
  return value;
}

function digitOf(code: number): number {
  return code < 97 ? code - 48 : code - 87;
}

function digitCode(digit: number): number {
  return digit < 10 ? digit + 48 : digit + 87;
}

const ascii = new TextDecoder('latin1');
