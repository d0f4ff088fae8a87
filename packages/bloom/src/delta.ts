import { BloomFilter, bitAt, writeBit } from './bloom-filter.js';
import { BloomError } from './errors.js';
import { deltaPositionsMax } from './limits.js';
import { type BloomParameters, checkCounter, checkParameters } from './parameters.js';

/** What changed between two versions of one filter. */
export interface BloomDelta {
  /** Size of the filter. */
  readonly parameters: BloomParameters;
  /** The epoch of both versions. */
  readonly epoch: number;
  /** The version it starts from. */
  readonly baseVersion: number;
  /** The version it leads to, larger than `baseVersion`. */
  readonly version: number;
  /** Positions of bits that became 1, ascending. */
  readonly set: readonly number[];
  /** Positions of bits that became 0, ascending. */
  readonly cleared: readonly number[];
}

/**
 * The filter one delta later; the one given stays as it is. A delta that does not fit is refused, since guessing would make
 * false negatives: the receiver keeps its filter and asks for a whole one.
 *
 * @throws {BloomError} `epoch_mismatch`, `version_gap`, `parameters_mismatch`, `invalid_delta`, `delta_too_large`
 */
export function applyDelta(filter: BloomFilter, delta: BloomDelta): BloomFilter {
  checkDelta(delta);
  if (delta.epoch !== filter.epoch)
    throw new BloomError('epoch_mismatch', `delta of epoch ${delta.epoch}, filter of ${filter.epoch}`);
  if (delta.baseVersion !== filter.version)
    throw new BloomError(
      'version_gap',
      `delta from version ${delta.baseVersion}, filter at ${filter.version}`,
    );
  const { parameters } = filter;
  if (delta.parameters.bits !== parameters.bits || delta.parameters.hashes !== parameters.hashes)
    throw new BloomError('parameters_mismatch', 'delta of a filter of another size');
  const bitmap = filter.bitmap();
  flip(bitmap, delta.set, true);
  flip(bitmap, delta.cleared, false);
  return new BloomFilter({ parameters, epoch: delta.epoch, version: delta.version, bitmap });
}

/**
 * Returns its argument when it is consistent in itself.
 *
 * @throws {BloomError} `invalid_parameters`, `invalid_delta`, `delta_too_large`
 */
export function checkDelta(delta: BloomDelta): BloomDelta {
  checkParameters(delta.parameters);
  checkCounter(delta.epoch, 'epoch');
  checkCounter(delta.baseVersion, 'base version');
  checkCounter(delta.version, 'version');
  if (delta.version <= delta.baseVersion)
    throw new BloomError('invalid_delta', `delta from version ${delta.baseVersion} to ${delta.version}`);
  if (delta.set.length + delta.cleared.length > deltaPositionsMax)
    throw new BloomError('delta_too_large', `delta of ${delta.set.length + delta.cleared.length} bits`);
  checkPositions(delta.set, delta.parameters);
  checkPositions(delta.cleared, delta.parameters);
  return delta;
}

function checkPositions(positions: readonly number[], { bits }: BloomParameters): void {
  let last = -1;
  for (const position of positions) {
    if (!Number.isInteger(position) || position <= last || position >= bits)
      throw new BloomError('invalid_delta', `position ${position} behind ${last} of ${bits} bits`);
    last = position;
  }
}

/** A bit that has its new value already shows that filter and delta disagree about the base. */
function flip(bitmap: Uint8Array, positions: readonly number[], value: boolean): void {
  for (const position of positions) {
    if (bitAt(bitmap, position) === value)
      throw new BloomError('invalid_delta', `bit ${position} is ${value ? 1 : 0} already`);
    writeBit(bitmap, position, value);
  }
}
