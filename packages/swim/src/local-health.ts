/**
 * How well this member itself does (Lifeguard's local health multiplier): whoever misses answers is more likely slow or cut off
 * itself than surrounded by the dead, and should ask slower and wait longer.
 *
 * Source: Dadgar, Phillips, Currey, "Lifeguard: Local Health Awareness for More Accurate Failure Detection" (2017), section IV.A.
 */
export class LocalHealth {
  readonly #scoreMax: number;
  #score = 0;

  /** @param scoreMax the worst; the multiplier is at most one more */
  constructor(scoreMax: number) {
    this.#scoreMax = scoreMax;
  }

  /** 0 is healthy. */
  get score(): number {
    return this.#score;
  }

  /** What probe interval and probe timeout are multiplied with: 1 to `scoreMax + 1`. */
  get multiplier(): number {
    return this.#score + 1;
  }

  /** A probe of ours was answered. */
  better(): void {
    this.#score = Math.max(0, this.#score - 1);
  }

  /** A probe went wrong in a way that may be our fault, we had to refute, or we stood still. */
  worse(): void {
    this.#score = Math.min(this.#scoreMax, this.#score + 1);
  }
}
