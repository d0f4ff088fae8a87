import { keyOf } from './keys.js';
import { recordDigest } from './messages.js';
import type { DirectoryRecord } from './record.js';

/** A record and the sequence of the message that last said it. */
export interface Kept {
  record: DirectoryRecord;
  sequence: number;
}

/** What is kept of one relay. */
export interface Origin {
  epoch: number;
  /** Of the last message. */
  sequence: number;
  /** Until when it is kept without being refreshed. */
  untilMs: number;
  count: number;
  /** Sum of `recordDigest` over its records, modulo 2^32. */
  digest: number;
}

/** The records that a relay keeps for others: one of each relay for an element. Says which elements changed. */
export class KeptRecords {
  readonly #elements = new Map<string, Kept[]>();
  readonly #origins = new Map<string, Origin>();
  /** Elements whose records have changed since they were taken. */
  readonly #changed = new Set<string>();
  #size = 0;

  /** Records of all relays together. */
  get size(): number {
    return this.#size;
  }

  /** What is kept of a relay. */
  origin(id: string): Origin | undefined {
    return this.#origins.get(id);
  }

  /** Of whom something is kept, or was heard. */
  origins(): Iterable<[string, Origin]> {
    return this.#origins;
  }

  /** Begins with a relay, or with its new life. */
  begin(id: string, epoch: number, untilMs: number): Origin {
    this.forget(new Set([id]));
    const origin = { epoch, sequence: 0, untilMs, count: 0, digest: 0 };
    this.#origins.set(id, origin);
    return origin;
  }

  /** All that is kept of an element. */
  at(key: string): readonly Kept[] {
    return this.#elements.get(key) ?? [];
  }

  /** What is kept of an element from one relay. */
  of(id: string, key: string): Kept | undefined {
    return this.#elements.get(key)?.find(({ record }) => record.relay === id);
  }

  /** Keeps a relay's record in place of its earlier one. The relay has begun. */
  put(origin: Origin, record: DirectoryRecord, sequence: number): void {
    const key = keyOf(record.element);
    this.drop(origin, record.relay, key);
    const kept = { record, sequence };
    const there = this.#elements.get(key);
    if (there === undefined) this.#elements.set(key, [kept]);
    else there.push(kept);
    this.#size++;
    origin.count++;
    origin.digest = (origin.digest + recordDigest(record)) >>> 0;
    this.#changed.add(key);
  }

  /** Forgets what a relay said of an element. */
  drop(origin: Origin, id: string, key: string): void {
    const there = this.#elements.get(key);
    const index = there?.findIndex(({ record }) => record.relay === id) ?? -1;
    if (there === undefined || index < 0) return;
    const [kept] = there.splice(index, 1) as [Kept];
    if (there.length === 0) this.#elements.delete(key);
    this.#size--;
    origin.count--;
    origin.digest = (origin.digest - recordDigest(kept.record)) >>> 0;
    this.#changed.add(key);
  }

  /** Forgets records of one relay, in no order: those that match, up to `count`. */
  dropWhere(
    origin: Origin,
    id: string,
    matches: (kept: Kept) => boolean,
    count: number = Number.POSITIVE_INFINITY,
  ): void {
    let left = count;
    for (const [key, there] of this.#elements) {
      const kept = there.find(({ record }) => record.relay === id);
      if (kept === undefined || !matches(kept)) continue;
      if (left-- <= 0) return;
      this.drop(origin, id, key);
    }
  }

  /** Forgets everything of some relays. */
  forget(ids: ReadonlySet<string>): void {
    const known = [...ids].filter((id) => this.#origins.has(id));
    if (known.length === 0) return;
    const isAny = known.some((id) => (this.#origins.get(id)?.count ?? 0) > 0);
    if (isAny)
      for (const [key, there] of this.#elements)
        for (const { record } of [...there]) {
          const origin = ids.has(record.relay) ? this.#origins.get(record.relay) : undefined;
          if (origin !== undefined) this.drop(origin, record.relay, key);
        }
    for (const id of known) this.#origins.delete(id);
  }

  /** Elements whose records have changed since the last call. */
  takeChanged(): string[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }
}
