import { BloomError } from './errors.js';
import { type BloomParameters, checkCounter, checkParameters, positionsOf } from './parameters.js';

/** What a {@link BloomFilter} is made of. */
export interface BloomFilterParts {
  /** Its size. */
  readonly parameters: BloomParameters;
  /** Which life of the origin it belongs to: grows with every restart. 0 to 2^53 − 1. */
  readonly epoch: number;
  /** Which state within the epoch: grows with every published change. 0 to 2^53 − 1. */
  readonly version: number;
  /** The bits; bit p is `bitmap[p >> 3] & (0x80 >> (p & 7))`. Copied. */
  readonly bitmap: Uint8Array;
}

/**
 * One published state of an origin's filter. Never changes. There is no way to make one without its bits: a filter that
 * could not be read is an error, never an empty filter that would answer "not here" for every name.
 */
export class BloomFilter {
  readonly parameters: BloomParameters;
  readonly epoch: number;
  readonly version: number;
  readonly #bitmap: Uint8Array;

  /**
   * @throws {BloomError} `invalid_parameters` for numbers out of bounds, `invalid_format` when the bitmap has another length
   * or bits set behind the last one
   */
  constructor({ parameters, epoch, version, bitmap }: BloomFilterParts) {
    this.parameters = checkParameters(parameters);
    this.epoch = checkCounter(epoch, 'epoch');
    this.version = checkCounter(version, 'version');
    if (bitmap.length !== bitmapBytes(parameters))
      throw new BloomError('invalid_format', `${bitmap.length} bytes for ${parameters.bits} bits`);
    const unused = bitmap.length * 8 - parameters.bits;
    if ((bitmap.at(-1) ?? 0) & ((1 << unused) - 1))
      throw new BloomError('invalid_format', 'bits set behind the last one');
    this.#bitmap = new Uint8Array(bitmap); // a copy, also of a Buffer
  }

  /**
   * Whether the element may have been added. `false` is certain.
   *
   * @param element 16 bytes, e.g. the first half of an HMAC-SHA-256 of the name
   * @throws {BloomError} `invalid_element` when it is not 16 bytes
   */
  mayContain(element: Uint8Array): boolean {
    return this.hasAll(positionsOf(element, this.parameters));
  }

  /**
   * The same for positions that the caller computed once for many filters of these parameters.
   *
   * @param positions what `positionsOf` gives
   */
  hasAll(positions: readonly number[]): boolean {
    for (const position of positions) if (!bitAt(this.#bitmap, position)) return false;
    return true;
  }

  /** Share of bits that are set, 0 to 1. The false-positive rate is about fillRatio^hashes. */
  get fillRatio(): number {
    const words = this.#bitmap.length >> 2;
    let set = 0;
    for (const word of new Uint32Array(this.#bitmap.buffer, 0, words)) set += onesOf(word);
    for (let at = words * 4; at < this.#bitmap.length; at++) set += onesOf(this.#bitmap[at] ?? 0);
    return set / this.parameters.bits;
  }

  /** A copy of the bits. */
  bitmap(): Uint8Array {
    return this.#bitmap.slice();
  }
}

/** Bits that are set in 32 bits, by sums of pairs, of fours and of bytes. */
function onesOf(word: number): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555);
  const fours = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** Bytes of a bitmap with these parameters. */
export function bitmapBytes({ bits }: BloomParameters): number {
  return Math.ceil(bits / 8);
}

/** Whether a bit is set. */
export function bitAt(bitmap: Uint8Array, position: number): boolean {
  return ((bitmap[position >> 3] ?? 0) & (0x80 >> (position & 7))) !== 0;
}

/** Sets or clears a bit. */
export function writeBit(bitmap: Uint8Array, position: number, value: boolean): void {
  const mask = 0x80 >> (position & 7);
  const byte = bitmap[position >> 3] ?? 0;
  bitmap[position >> 3] = value ? byte | mask : byte & ~mask;
}
