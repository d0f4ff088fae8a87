/** How long other relays take to answer: a mean that follows (RFC 6298, without its deviation). */
export class RoundTrips {
  readonly #smoothedMs = new Map<string, number>();

  /** A relay has answered. */
  note(id: string, tookMs: number): void {
    const known = this.#smoothedMs.get(id);
    this.#smoothedMs.set(id, known === undefined ? tookMs : known + (tookMs - known) / 8);
  }

  /** Milliseconds; 0 where it is not known. */
  of(id: string): number {
    return this.#smoothedMs.get(id) ?? 0;
  }

  /** Forgets a relay. */
  delete(id: string): void {
    this.#smoothedMs.delete(id);
  }
}
