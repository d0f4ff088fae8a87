import { BloomFilter, bitAt, bitmapBytes, writeBit } from './bloom-filter.js';
import type { BloomDelta } from './delta.js';
import { BloomError } from './errors.js';
import { type BloomParameters, checkCounter, checkParameters, positionsOf } from './parameters.js';

/**
 * The filter at its origin: counts per bit, so that names can be removed again. Costs 2 bytes per bit.
 *
 * Call order: any number of `add` and `remove`, then `takeDelta` to publish them. `snapshot` is the last published state, so
 * a receiver of it can go on with the next delta. A new life of the origin is a new object with a larger epoch.
 */
export class CountingBloomFilter {
  readonly parameters: BloomParameters;
  readonly epoch: number;
  readonly #counts: Uint16Array;
  readonly #published: Uint8Array;
  readonly #touched = new Set<number>();
  #version = 0;

  /**
   * An empty filter at version 0.
   *
   * @param epoch 0 to 2^53 − 1, larger than that of every earlier life of this origin
   * @throws {BloomError} `invalid_parameters` for numbers out of bounds
   */
  constructor(parameters: BloomParameters, epoch: number) {
    this.parameters = checkParameters(parameters);
    this.epoch = checkCounter(epoch, 'epoch');
    this.#counts = new Uint16Array(parameters.bits);
    this.#published = new Uint8Array(bitmapBytes(parameters));
  }

  /** The last published version. */
  get version(): number {
    return this.#version;
  }

  /**
   * Adds an element. One that is added twice must be removed twice.
   *
   * @throws {BloomError} `invalid_element` when it is not 16 bytes
   */
  add(element: Uint8Array): void {
    for (const position of positionsOf(element, this.parameters)) {
      const count = this.#counts[position] ?? 0;
      if (count < countMax) this.#counts[position] = count + 1;
      if (count === 0) this.#touched.add(position);
    }
  }

  /**
   * Removes an element that was added. Removing another one is not always noticed and then makes false negatives, so
   * the caller keeps the list of names.
   *
   * @throws {BloomError} `not_present` when it can't have been added, `invalid_element` when it is not 16 bytes
   */
  remove(element: Uint8Array): void {
    const positions = positionsOf(element, this.parameters);
    if (positions.some((position) => (this.#counts[position] ?? 0) < occurrences(positions, position)))
      throw new BloomError('not_present', 'the element was never added');
    for (const position of positions) {
      const count = this.#counts[position] ?? 0;
      // A count that reached its maximum is unknown from then on: its bit stays set in this epoch.
      if (count === countMax) continue;
      this.#counts[position] = count - 1;
      if (count === 1) this.#touched.add(position);
    }
  }

  /** Publishes what changed since the last call as the next version; `undefined` when no bit did. */
  takeDelta(): BloomDelta | undefined {
    const set: number[] = [];
    const cleared: number[] = [];
    for (const position of this.#touched) {
      const value = (this.#counts[position] ?? 0) > 0;
      if (value === bitAt(this.#published, position)) continue;
      (value ? set : cleared).push(position);
      writeBit(this.#published, position, value);
    }
    this.#touched.clear();
    if (set.length + cleared.length === 0) return undefined;
    const baseVersion = this.#version++;
    return {
      parameters: this.parameters,
      epoch: this.epoch,
      baseVersion,
      version: this.#version,
      set: set.sort(ascending),
      cleared: cleared.sort(ascending),
    };
  }

  /** The last published state. */
  snapshot(): BloomFilter {
    const { parameters, epoch } = this;
    return new BloomFilter({ parameters, epoch, version: this.#version, bitmap: this.#published });
  }
}

function occurrences(positions: readonly number[], wanted: number): number {
  let count = 0;
  for (const position of positions) if (position === wanted) count += 1;
  return count;
}

function ascending(left: number, right: number): number {
  return left - right;
}

const countMax = 0xffff;
