import { createHmac, timingSafeEqual } from 'node:crypto';
import { CryptoError } from './errors.js';

/** Output size of SHA-256 and HMAC-SHA-256, in bytes. */
export const sha256Bytes = 32;

/** Most bytes {@link hkdfSha256} can derive at once: 255 blocks of 32 bytes (RFC 5869 section 2.3). */
export const hkdfLengthMax: number = 255 * sha256Bytes;

/**
 * HKDF with SHA-256, extract and expand (RFC 5869).
 *
 * @param ikm - input keying material.
 * @param salt - may be empty, which RFC 5869 defines as 32 zero bytes.
 * @param info - the label that separates this use from all others.
 * @param length - bytes to derive, 1 to {@link hkdfLengthMax}.
 * @throws CryptoError `bad_length` when `length` is out of bounds.
 */
export function hkdfSha256(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  if (!Number.isInteger(length) || length < 1 || length > hkdfLengthMax) {
    throw new CryptoError('bad_length', `HKDF length must be 1 to ${hkdfLengthMax} bytes`);
  }
  const pseudoRandomKey = hmacSha256(salt, [ikm]);
  const output = new Uint8Array(length);
  let block: Uint8Array = new Uint8Array(0);
  for (let offset = 0, index = 1; offset < length; offset += sha256Bytes, index++) {
    block = hmacSha256(pseudoRandomKey, [block, info, Uint8Array.of(index)]);
    output.set(block.subarray(0, length - offset), offset);
  }
  wipe(pseudoRandomKey);
  wipe(block);
  return output;
}

/**
 * HMAC-SHA-256 (RFC 2104) of the concatenation of `parts`.
 *
 * @param key - any length.
 * @param parts - the message in pieces.
 */
export function hmacSha256(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

/**
 * Whether two byte strings are equal, in time that depends on their length only. Strings of different length are
 * unequal; that much an observer may learn.
 *
 * @param a - one string.
 * @param b - the other.
 */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * Overwrites a secret with zeros. Best effort: the garbage collector may have copied it before, and strings and
 * bigints can't be wiped at all.
 *
 * @param bytes - the secret; unusable afterwards.
 */
export function wipe(bytes: Uint8Array): void {
  bytes.fill(0);
}
