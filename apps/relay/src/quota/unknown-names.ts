import { unknownNameMs, unknownNamesMax } from '../limits.js';

/** Names that no relay of the mesh knew a moment ago, so that nobody is asked again for `unknownNameMs`. */
export class UnknownNames {
  /** Until when; the time is the same for all, so the oldest are first. */
  readonly #untilMs = new Map<string, number>();

  has(key: string, nowMs: number): boolean {
    const untilMs = this.#untilMs.get(key);
    return untilMs !== undefined && untilMs > nowMs;
  }

  add(key: string, nowMs: number): void {
    this.#untilMs.delete(key);
    if (this.#untilMs.size >= unknownNamesMax) this.#untilMs.delete(this.#untilMs.keys().next().value!);
    this.#untilMs.set(key, nowMs + unknownNameMs);
  }

  /** The name was heard of. */
  delete(key: string): void {
    this.#untilMs.delete(key);
  }

  /** Another relay may know any of them. */
  clear(): void {
    this.#untilMs.clear();
  }

  /** Forgets what is over. */
  sweep(nowMs: number): void {
    for (const [key, untilMs] of this.#untilMs) {
      if (untilMs > nowMs) return;
      this.#untilMs.delete(key);
    }
  }

  get size(): number {
    return this.#untilMs.size;
  }
}
