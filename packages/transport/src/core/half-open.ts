/** A connection in handshake, as far as its place is concerned. */
export interface HalfOpenEntry {
  /** IP address of the dialer. */
  readonly host: string;
}

/** Rules of a {@link HalfOpen}. */
export interface HalfOpenRules {
  /** Connections in handshake. */
  readonly max: number;
  /** Those of one address that are safe from being ended for another one's. */
  readonly eachMax: number;
  /** When all places are taken, an address with its share of them ends its own oldest, instead of getting no more. */
  readonly replacesOwn: boolean;
}

/**
 * The places for connections in handshake. When all are taken, an address with more than its share of them makes room for the others: the
 * holder of one true address can't keep everybody else out. Addresses are counted one by one, also those of an IPv6 network that one
 * owner has.
 */
export class HalfOpen<E extends HalfOpenEntry> {
  /** Oldest first. */
  readonly #entries: Set<E> = new Set();
  readonly #counts: Map<string, number> = new Map();
  readonly #rules: HalfOpenRules;

  constructor(rules: HalfOpenRules) {
    this.#rules = rules;
  }

  get size(): number {
    return this.#entries.size;
  }

  [Symbol.iterator](): Iterator<E> {
    return this.#entries[Symbol.iterator]();
  }

  /**
   * Whether there is a place for an address, and who is to be ended for it first, if anybody: the oldest of an address with more than its
   * share, or else the oldest of all.
   */
  placeFor(host: string): { readonly isFree: boolean; readonly victim?: E } {
    const { max, eachMax, replacesOwn } = this.#rules;
    if (this.#entries.size < max) return { isFree: true };
    if (this.#countOf(host) >= eachMax)
      return replacesOwn ? this.#victim((entry) => entry.host === host) : { isFree: false };
    return this.#victim((entry) => this.#countOf(entry.host) > eachMax);
  }

  add(entry: E): void {
    this.#entries.add(entry);
    this.#counts.set(entry.host, this.#countOf(entry.host) + 1);
  }

  delete(entry: E): void {
    if (!this.#entries.delete(entry)) return;
    const count = this.#countOf(entry.host) - 1;
    if (count === 0) this.#counts.delete(entry.host);
    else this.#counts.set(entry.host, count);
  }

  /** The oldest of a kind, or of all. */
  #victim(isOfKind: (entry: E) => boolean): { readonly isFree: true; readonly victim: E } {
    let oldest: E | undefined;
    for (const entry of this.#entries) {
      if (isOfKind(entry)) return { isFree: true, victim: entry };
      oldest ??= entry;
    }
    return { isFree: true, victim: oldest! };
  }

  #countOf(host: string): number {
    return this.#counts.get(host) ?? 0;
  }
}
