/**
 * Which of the peer's streams were seen, by sequence number: every one below a mark but those that were left out. Tells a
 * new stream from the remains of one that is over.
 *
 * A left-out stream holds one of the streams that were granted, so a peer can leave out only so many, however many it opens.
 */
export class SeenIds {
  #next = 0;
  readonly #leftOut: Set<number> = new Set();

  has(sequence: number): boolean {
    return sequence < this.#next && !this.#leftOut.has(sequence);
  }

  add(sequence: number): void {
    this.#leftOut.delete(sequence);
    while (this.#next < sequence) this.#leftOut.add(this.#next++);
    if (this.#next === sequence) this.#next++;
  }

  /** Numbers kept. */
  get size(): number {
    return this.#leftOut.size;
  }
}
