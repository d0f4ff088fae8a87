import { BloomError } from './errors.js';
import { elementBytes, filterBitsMax, filterHashesMax, plannedBitsMin } from './limits.js';

/** The size of a filter. Two filters with different parameters have nothing in common. */
export interface BloomParameters {
  /** Number of bits, 1 to 2^26. */
  readonly bits: number;
  /** Bits that one element sets, 1 to 32. */
  readonly hashes: number;
}

/** What {@link parametersFor} plans for. */
export interface BloomPlan {
  /** Elements that the filter is to hold, at least 1. */
  readonly expectedNames: number;
  /** Share of the elements that are not in the filter for which it answers "maybe", between 0 and 1 exclusive. */
  readonly falsePositiveRate: number;
}

/**
 * The smallest filter for a plan: bits = −n·ln p / (ln 2)², rounded up to whole bytes and to 256 at least, hashes = bits/n · ln 2.
 * With fewer bits too many elements share all their positions: one name at 1e-6 in 32 bits gave 250 times as many false positives.
 * A lookup over R filters is wrong with R·p, so choose p = 0.02 / R.
 *
 * @throws {BloomError} `invalid_parameters` for a plan that is none, or that needs more than 2^26 bits
 */
export function parametersFor({ expectedNames, falsePositiveRate }: BloomPlan): BloomParameters {
  if (!(expectedNames >= 1 && falsePositiveRate > 0 && falsePositiveRate < 1))
    throw new BloomError('invalid_parameters', `no plan: ${expectedNames} names at ${falsePositiveRate}`);
  const exactBits = (-expectedNames * Math.log(falsePositiveRate)) / Math.LN2 ** 2;
  const bits = Math.max(plannedBitsMin, Math.ceil(exactBits / 8) * 8);
  const hashes = Math.round((bits / expectedNames) * Math.LN2);
  return checkParameters({ bits, hashes: Math.min(filterHashesMax, Math.max(1, hashes)) });
}

/** Returns its argument. @throws {BloomError} `invalid_parameters` outside the bounds. */
export function checkParameters(parameters: BloomParameters): BloomParameters {
  const { bits, hashes } = parameters;
  if (!Number.isInteger(bits) || bits < 1 || bits > filterBitsMax)
    throw new BloomError('invalid_parameters', `${bits} bits`);
  if (!Number.isInteger(hashes) || hashes < 1 || hashes > filterHashesMax)
    throw new BloomError('invalid_parameters', `${hashes} hashes`);
  return parameters;
}

/** Returns its argument. @throws {BloomError} `invalid_parameters` for what is no integer from 0 to 2^53 − 1. */
export function checkCounter(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new BloomError('invalid_parameters', `${what} ${value}`);
  return value;
}

/**
 * The positions of an element, by enhanced triple hashing: x, y and z are the element's first three 42-bit numbers, big-endian, modulo
 * `bits`; position 0 is x; then for i = 1, 2, …: x ← x + y, y ← y + z + i, and position i is x (all modulo `bits`).
 * A position may occur twice.
 *
 * Two numbers instead of three would give every element one of bits² sequences: n names then make at least n/bits² false
 * positives, twice the plan with 50 names at 2e-5.
 *
 * Source: Dillinger and Manolios, "Bloom Filters in Probabilistic Verification" (2004), section 5.
 *
 * @throws {BloomError} `invalid_element` when the element is not 16 bytes
 */
export function positionsOf(element: Uint8Array, { bits, hashes }: BloomParameters): number[] {
  if (element.length !== elementBytes)
    throw new BloomError('invalid_element', `element of ${element.length} bytes`);
  const view = new DataView(element.buffer, element.byteOffset, element.byteLength);
  const [first, second, third, fourth] = [0, 4, 8, 12].map((offset) => view.getUint32(offset)) as [
    number,
    number,
    number,
    number,
  ];
  let x = (first * 2 ** 10 + (second >>> 22)) % bits;
  let y = ((second % 2 ** 22) * 2 ** 20 + (third >>> 12)) % bits;
  const z = ((third % 2 ** 12) * 2 ** 30 + (fourth >>> 2)) % bits;
  const positions = [x];
  for (let index = 1; index < hashes; index++) {
    x = (x + y) % bits;
    y = (y + z + index) % bits;
    positions.push(x);
  }
  return positions;
}
