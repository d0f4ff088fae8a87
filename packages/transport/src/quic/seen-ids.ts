/**
 * Which of the peer's streams were seen, by sequence number: every one below a mark, and the few above it. Tells a
 * new stream from the remains of one that is over.
 */
export class SeenIds {
  #allBelow = 0;
  readonly #above: Set<number> = new Set();

  has(sequence: number): boolean {
    return sequence < this.#allBelow || this.#above.has(sequence);
  }

  add(sequence: number): void {
    if (this.has(sequence)) return;
    this.#above.add(sequence);
    while (this.#above.delete(this.#allBelow)) this.#allBelow++;
  }
}
