import { eventKeysMax, eventSpacingMs } from '../limits.js';

/** Lets one event per key pass in 10 s; which ones it held back is only counted. Remembers at most 1024 keys. */
export class EventLimiter {
  readonly #passed = new Map<string, { atMs: number; suppressed: number }>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Undefined: hold it back. Otherwise how many of this key were held back since the last one that passed. */
  pass(key: string): number | undefined {
    const atMs = this.#nowMs();
    const last = this.#passed.get(key);
    if (last !== undefined && atMs - last.atMs < eventSpacingMs) {
      last.suppressed++;
      return undefined;
    }
    this.#passed.delete(key);
    if (this.#passed.size >= eventKeysMax) this.#passed.delete(this.#passed.keys().next().value!);
    this.#passed.set(key, { atMs, suppressed: 0 });
    return last?.suppressed ?? 0;
  }

  /** The next event of this key passes: what it was about is over. */
  reset(key: string): void {
    this.#passed.delete(key);
  }
}
