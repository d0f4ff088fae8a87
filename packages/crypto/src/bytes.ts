import { CryptoError, type CryptoErrorCode } from './errors.js';

/** An empty byte string: the default of every optional associated data, salt or prologue. */
export const emptyBytes: Uint8Array = new Uint8Array(0);

/**
 * Joins byte strings into one new array that shares memory with none of them.
 *
 * @param parts - the strings, in order.
 */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/**
 * The bytes of an ASCII label.
 *
 * @param text - the label.
 */
export function asciiBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'ascii'));
}

/**
 * Reads an unsigned 32-bit big-endian integer.
 *
 * @param bytes - at least 4 bytes.
 */
export function readUint32(bytes: Uint8Array): number {
  return ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0;
}

/**
 * Writes an unsigned 32-bit big-endian integer.
 *
 * @param bytes - where to, 4 bytes from `offset`.
 * @param value - 0 to 2^32 - 1.
 * @param offset - index of the first byte.
 */
export function writeUint32(bytes: Uint8Array, value: number, offset: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

/**
 * Checks the size of an argument.
 *
 * @param name - what the bytes are, for the message.
 * @param bytes - the argument.
 * @param expected - its size in bytes.
 * @param code - the code to throw.
 * @throws CryptoError `code` when the size differs.
 */
export function requireLength(
  name: string,
  bytes: Uint8Array,
  { expected, code }: { readonly expected: number; readonly code: CryptoErrorCode },
): void {
  if (!(bytes instanceof Uint8Array) || bytes.length !== expected) {
    throw new CryptoError(code, `${name} must be ${expected} bytes`);
  }
}
