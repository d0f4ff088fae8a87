/** Who has something to do, and when. The next time is known without looking through all: it may be too early, never too late. */
export class DueTimes {
  readonly #atMs = new Map<string, number>();
  #nextMs = Number.POSITIVE_INFINITY;

  /** When somebody is due; undefined when not. */
  get(id: string): number | undefined {
    return this.#atMs.get(id);
  }

  /** Makes somebody due at that time, in place of an earlier plan. */
  set(id: string, atMs: number): void {
    this.#atMs.set(id, atMs);
    this.#nextMs = Math.min(this.#nextMs, atMs);
  }

  /** Nothing is to be done for somebody. */
  delete(id: string): void {
    this.#atMs.delete(id);
    if (this.#atMs.size === 0) this.#nextMs = Number.POSITIVE_INFINITY;
  }

  /** Who is due, and is not any more. */
  take(nowMs: number): string[] {
    if (nowMs < this.#nextMs) return [];
    const due: string[] = [];
    this.#nextMs = Number.POSITIVE_INFINITY;
    for (const [id, atMs] of this.#atMs) {
      if (atMs <= nowMs) due.push(id);
      else this.#nextMs = Math.min(this.#nextMs, atMs);
    }
    for (const id of due) this.#atMs.delete(id);
    return due;
  }

  /** When somebody is due next at the earliest; infinite when nobody is. */
  get nextMs(): number {
    return this.#nextMs;
  }
}
