import { CryptoError } from './errors.js';

/**
 * Where randomness comes from: returns `length` fresh, unpredictable bytes. In production this is
 * `(length) => crypto.randomBytes(length)`; in tests a seeded generator. This package has no other randomness.
 */
export type RandomSource = (length: number) => Uint8Array;

/**
 * Draws exactly `length` bytes from a source.
 *
 * @param random - the source.
 * @param length - how many bytes, at least 1.
 * @throws CryptoError `bad_random` when the source returns another number of bytes.
 */
export function drawRandom(random: RandomSource, length: number): Uint8Array {
  const bytes = random(length);
  if (bytes.length !== length) {
    throw new CryptoError('bad_random', `random source returned ${bytes.length} bytes instead of ${length}`);
  }
  return bytes;
}
