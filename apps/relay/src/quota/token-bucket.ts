/** Of a {@link TokenBucket}. */
export interface BucketSize {
  /** Tokens that come back per second; more than 0. */
  readonly perSecond: number;
  /** Tokens it holds when it is full. */
  readonly burst: number;
}

/** Tokens that are spent and come back with time: as many as the burst at once, and in the long run so many per second. Begins full. */
export class TokenBucket {
  #size: BucketSize;
  #tokens: number;
  #atMs: number;

  constructor(size: BucketSize, nowMs: number) {
    this.#size = size;
    this.#tokens = size.burst;
    this.#atMs = nowMs;
  }

  /** Another size from now on; what is missing stays missing. */
  resize(size: BucketSize, nowMs: number): void {
    this.#earn(nowMs);
    this.#tokens += size.burst - this.#size.burst;
    this.#size = size;
  }

  /** Takes so many if they are there and answers 0; else takes none and answers the milliseconds until they are there. */
  take(tokens: number, nowMs: number): number {
    this.#earn(nowMs);
    if (this.#tokens >= tokens) {
      this.#tokens -= tokens;
      return 0;
    }
    return this.#msUntil(tokens);
  }

  /** Spends so many, if need be on credit; answers the milliseconds until the credit is paid back, 0 when there is none. */
  spend(tokens: number, nowMs: number): number {
    this.#earn(nowMs);
    this.#tokens -= tokens;
    return this.#tokens >= 0 ? 0 : this.#msUntil(0);
  }

  /** Takes so many, or as many as there are. */
  drain(tokens: number, nowMs: number): void {
    this.#earn(nowMs);
    this.#tokens = Math.max(Math.min(0, this.#tokens), this.#tokens - tokens);
  }

  /** Gives back tokens that were taken for nothing. */
  give(tokens: number, nowMs: number): void {
    this.#earn(nowMs);
    this.#tokens = Math.min(this.#size.burst, this.#tokens + tokens);
  }

  /** Whether so many are there. */
  has(tokens: number, nowMs: number): boolean {
    this.#earn(nowMs);
    return this.#tokens >= tokens;
  }

  /** When it is full again if nothing is taken; now or earlier when it is. */
  get fullAtMs(): number {
    return this.#atMs + this.#msUntil(this.#size.burst);
  }

  #earn(nowMs: number): void {
    const earned = (Math.max(0, nowMs - this.#atMs) / 1000) * this.#size.perSecond;
    this.#tokens = Math.min(this.#size.burst, this.#tokens + earned);
    this.#atMs = Math.max(this.#atMs, nowMs);
  }

  #msUntil(tokens: number): number {
    return (Math.max(0, tokens - this.#tokens) * 1000) / this.#size.perSecond;
  }
}
