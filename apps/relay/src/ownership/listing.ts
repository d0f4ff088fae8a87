/**
 * Everything that a relay has in force, as another one lists it when it is asked from the beginning on. What isn't in the list is over if
 * the digest of the origin's sign of life says the same; who made the list need not be trusted.
 */
export class Listing {
  /** Up to this version the list is complete. */
  to = 0;
  readonly #by: string;
  readonly #versions = new Set<number>();

  constructor(by: string) {
    this.#by = by;
  }

  /** Whether that relay was asked for the list. */
  isBy(sender: string): boolean {
    return sender === this.#by;
  }

  /** Whether the list has this entry. */
  has(version: number): boolean {
    return this.#versions.has(version);
  }

  /** An entry has come: the next one of the list, or the next one that the origin said after it. */
  note({
    sender,
    from,
    version,
  }: {
    readonly sender: string;
    readonly from: number;
    readonly version: number;
  }): void {
    if (version <= this.to || from > this.to) return;
    if (version > this.to + 1 && !this.isBy(sender)) return;
    this.to = version;
    this.#versions.add(version);
  }
}
