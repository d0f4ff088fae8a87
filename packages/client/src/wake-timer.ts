/** One timer that is moved only to an earlier time, since a late look at what is due is as good. */
export class WakeTimer {
  readonly #onDue: () => void;
  #timer: NodeJS.Timeout | undefined;
  #atMs = Number.POSITIVE_INFINITY;

  constructor(onDue: () => void) {
    this.#onDue = onDue;
  }

  /** Calls back at this time of `performance.now()` at the latest. */
  arm(atMs: number): void {
    if (atMs >= this.#atMs) return;
    this.clear();
    this.#atMs = atMs;
    this.#timer = setTimeout(
      () => {
        this.#atMs = Number.POSITIVE_INFINITY;
        this.#onDue();
      },
      Math.max(0, Math.ceil(atMs - performance.now())),
    );
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#atMs = Number.POSITIVE_INFINITY;
  }
}
