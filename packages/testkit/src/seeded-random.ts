/**
 * Pseudo-random numbers that are the same for the same seed on every machine: xoshiro128** 1.1, its state filled from the
 * seed by splitmix32. Not for secrets.
 *
 * Source: Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators" (2018).
 */
export class SeededRandom {
  readonly #state: Uint32Array;

  /** @param seed any integer; its low 32 bits count */
  constructor(readonly seed: number) {
    let word = seed >>> 0;
    this.#state = Uint32Array.from({ length: 4 }, () => splitmix32((word = (word + 0x9e37_79b9) >>> 0)));
  }

  /** 32 random bits as an unsigned integer. */
  uint32(): number {
    const s = this.#state as unknown as [number, number, number, number];
    const result = Math.imul(rotateLeft(Math.imul(s[1], 5), 7), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotateLeft(s[3], 11);
    return result;
  }

  /** A number from 0 up to, but not including, 1, with 32 random bits. An arrow function: pass it where a source is asked for. */
  readonly next = (): number => this.uint32() / 0x1_0000_0000;

  /**
   * An integer from 0 up to, but not including, `maxExclusive`.
   *
   * @param maxExclusive 1 to 2^32; its rounding error is below 2^-32 per value
   * @throws {RangeError} for another bound
   */
  integer(maxExclusive: number): number {
    if (!Number.isInteger(maxExclusive) || maxExclusive < 1 || maxExclusive > 0x1_0000_0000)
      throw new RangeError(`bound out of range: ${maxExclusive}`);
    return Math.floor(this.next() * maxExclusive);
  }

  /** `length` random bytes. */
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.uint32() >>> 24);
  }

  /** One of the values. @throws {RangeError} when there is none. */
  pick<Value>(values: readonly Value[]): Value {
    return values[this.integer(values.length)] as Value;
  }

  /** `true` with this probability, 0 to 1. Draws a number even where the answer is certain. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A shuffled copy (Fisher–Yates). */
  shuffle<Value>(values: readonly Value[]): Value[] {
    const result = [...values];
    for (let last = result.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      [result[last], result[other]] = [result[other] as Value, result[last] as Value];
    }
    return result;
  }

  /** Another generator, seeded by this one: gives a part of a test numbers that don't depend on what others draw. */
  fork(): SeededRandom {
    return new SeededRandom(this.uint32());
  }
}

function splitmix32(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x21f0_aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

function rotateLeft(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
