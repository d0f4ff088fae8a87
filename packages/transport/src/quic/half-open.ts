/** A connection in handshake, as far as its place is concerned. */
export interface HalfOpenEntry {
  /** IP address of the dialer. */
  readonly host: string;
}

/** Connections in handshake. */
export const halfOpenMax = 1024;

/** Connections in handshake of one address that are safe from being ended for another one's; one NAT may hide hundreds of dialers. */
export const halfOpenEachMax = 64;

/**
 * The places for connections in handshake. When all are taken, an address with more than its share of them makes room for the others: the
 * holder of one true address can't keep everybody else out.
 */
export class HalfOpen<E extends HalfOpenEntry> {
  /** Oldest first. */
  readonly #entries: Set<E> = new Set();
  readonly #counts: Map<string, number> = new Map();

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
    if (this.#entries.size < halfOpenMax) return { isFree: true };
    if (this.#countOf(host) >= halfOpenEachMax) return { isFree: false };
    let victim: E | undefined;
    for (const entry of this.#entries) {
      victim ??= entry;
      if (this.#countOf(entry.host) > halfOpenEachMax) return { isFree: true, victim: entry };
    }
    return { isFree: true, victim: victim! };
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

  #countOf(host: string): number {
    return this.#counts.get(host) ?? 0;
  }
}
