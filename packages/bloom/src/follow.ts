import { BloomFilter } from './bloom-filter.js';
import { applyDelta, type BloomDelta } from './delta.js';
import { BloomError } from './errors.js';

/**
 * What became of a message about an origin's filter.
 *
 * - `taken`: `filter` is newer than before;
 * - `old`: what it says is known, or from an earlier life; nothing changed;
 * - `repair`: something is missing in between: ask the origin for the whole filter. Until it comes the old one stays in use, and
 *   an OPEN for a name that it doesn't have must ask the origin's relay.
 */
export interface Followed {
  readonly outcome: 'taken' | 'old' | 'repair';
  /** The filter from now on; undefined where there was none and is none. */
  readonly filter: BloomFilter | undefined;
}

/**
 * Follows one origin: whole filters are taken when their (epoch, version) is newer, deltas when they start at the version held. So any loss,
 * repetition and order ends with the newest whole filter, or with `repair`.
 *
 * @throws {BloomError} `invalid_delta`, `parameters_mismatch`, `delta_too_large`: the origin contradicts itself; nothing changed
 */
export function followFilter(held: BloomFilter | undefined, message: BloomFilter | BloomDelta): Followed {
  const isNewer =
    held === undefined ||
    message.epoch > held.epoch ||
    (message.epoch === held.epoch && message.version > held.version);
  if (!isNewer) return { outcome: 'old', filter: held };
  if (message instanceof BloomFilter) return { outcome: 'taken', filter: message };
  if (held === undefined) return { outcome: 'repair', filter: undefined };
  try {
    return { outcome: 'taken', filter: applyDelta(held, message) };
  } catch (error) {
    if (error instanceof BloomError && (error.code === 'epoch_mismatch' || error.code === 'version_gap'))
      return { outcome: 'repair', filter: held };
    throw error;
  }
}
