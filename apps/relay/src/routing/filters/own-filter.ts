import { CountingBloomFilter, encodeDelta, encodeFilter, parametersFor } from '@macula/bloom';
import { type Filter, type FilterDelta, type FilterVersion, filterPartBytesMax } from '@macula/wire';
import { filterNamesMin, filterWrongTries } from '../limits.js';

/** The routing filter of the names that sessions here have, those that stand by included, as other relays get it. */
export class OwnFilter {
  readonly #keyId: Uint8Array;
  /** Elements, and how many realm-and-names have each one: one. */
  readonly #elements = new Map<string, Uint8Array>();
  #filter: CountingBloomFilter;
  #capacity = filterNamesMin;

  /** @param epoch larger than that of every earlier life of this relay */
  constructor(keyId: Uint8Array, epoch: number) {
    this.#keyId = keyId;
    this.#filter = new CountingBloomFilter(parametersOf(this.#capacity), epoch);
  }

  /** A session here has the name from now on. */
  add(key: string, element: Uint8Array): void {
    if (this.#elements.has(key)) return;
    this.#elements.set(key, element);
    this.#filter.add(element);
  }

  /** No session here has it any more. */
  remove(key: string): void {
    const element = this.#elements.get(key);
    if (element === undefined) return;
    this.#elements.delete(key);
    this.#filter.remove(element);
  }

  /** What to tell those who have the last version: the change since then; the whole filter where it is another one; nothing. */
  publish(): readonly (Filter | FilterDelta)[] {
    const names = this.#elements.size;
    const isSmall = this.#capacity > filterNamesMin && names * 4 < this.#capacity;
    if (names > this.#capacity || isSmall) {
      this.#rebuild(Math.max(filterNamesMin, names * 2));
      return this.whole();
    }
    const delta = this.#filter.takeDelta();
    if (delta === undefined) return [];
    if ((delta.set.length + delta.cleared.length) * positionBytes > deltaBytesMax) return this.whole();
    return [{ kind: 'filter_delta', delta: encodeDelta(delta) }];
  }

  /** The last version, in pieces. */
  whole(): readonly Filter[] {
    const bytes = encodeFilter(this.#filter.snapshot());
    const pieces: Filter[] = [];
    for (let offset = 0; offset < bytes.length; offset += filterPartBytesMax) {
      const part = bytes.subarray(offset, offset + filterPartBytesMax);
      pieces.push({ kind: 'filter', keyId: this.#keyId, offset, total: bytes.length, part });
    }
    return pieces;
  }

  /** Which version that is. */
  version(): FilterVersion {
    const { epoch, version } = this.#filter;
    return { kind: 'filter_version', epoch, version };
  }

  /** Names in it, and the bytes of it that others get. */
  get size(): { readonly names: number; readonly bytes: number } {
    return { names: this.#elements.size, bytes: Math.ceil(this.#filter.parameters.bits / 8) };
  }

  #rebuild(capacity: number): void {
    this.#capacity = capacity;
    this.#filter = new CountingBloomFilter(parametersOf(capacity), this.#filter.epoch + 1);
    for (const element of this.#elements.values()) this.#filter.add(element);
    this.#filter.takeDelta();
  }
}

function parametersOf(expectedNames: number): ReturnType<typeof parametersFor> {
  return parametersFor({ expectedNames, falsePositiveRate: filterWrongTries });
}

const positionBytes = 4;
/** Beyond that the whole filter is sent. */
const deltaBytesMax = filterPartBytesMax - 64;
