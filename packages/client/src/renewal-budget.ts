import { renewalEveryMs, renewalsAtOnceMax } from './limits.js';

/**
 * How many new connections may be opened beside a live one: {@link renewalsAtOnceMax} at once, and one more each
 * {@link renewalEveryMs}, whatever relays ask for and however often PINGs stay unanswered.
 */
export class RenewalBudget {
  #left: number = renewalsAtOnceMax;
  #sinceMs: number | undefined;

  /** Takes one; answers 0, or the milliseconds until there is one again. */
  take(nowMs: number): number {
    const sinceMs = this.#sinceMs ?? nowMs;
    const earned = Math.floor((nowMs - sinceMs) / renewalEveryMs);
    this.#left = Math.min(renewalsAtOnceMax, this.#left + earned);
    this.#sinceMs = this.#left === renewalsAtOnceMax ? nowMs : sinceMs + earned * renewalEveryMs;
    if (this.#left === 0) return this.#sinceMs + renewalEveryMs - nowMs;
    this.#left -= 1;
    return 0;
  }
}
