import { eventKeysMax, eventSpacingMs } from '../limits.js';

/** Lets one event per key pass in 10 s; which ones it held back is only counted. Remembers at most 1024 keys. */
export class EventLimiter {
  readonly #keys = new Map<string, { untilMs: number; suppressed: number }>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Undefined: hold it back. Otherwise how many of this key were held back since the last one that passed. */
  pass(key: string): number | undefined {
    const last = this.#keys.get(key);
    if (last !== undefined && this.#nowMs() < last.untilMs) {
      last.suppressed++;
      return undefined;
    }
    this.hold(key, eventSpacingMs);
    return last?.suppressed ?? 0;
  }

  /** Events of this key are held back for so many milliseconds from now on. */
  hold(key: string, milliseconds: number): void {
    this.#keys.delete(key);
    if (this.#keys.size >= eventKeysMax) this.#keys.delete(this.#keys.keys().next().value!);
    this.#keys.set(key, { untilMs: this.#nowMs() + milliseconds, suppressed: 0 });
  }

  /** The next event of this key passes: what it was about is over. */
  reset(key: string): void {
    this.#keys.delete(key);
  }
}
