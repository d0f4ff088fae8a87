/** Lines about what has finished, and, when there was none for a while, about what still runs. */
export class Progress {
  readonly #write: (text: string) => void;
  readonly #running = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Writes a line. */
  say(text: string): void {
    this.#write(`${text}\n`);
    this.#wait();
  }

  /** What is under way until the returned function is called. */
  begin(what: string): () => void {
    this.#running.set(what, performance.now());
    if (!this.#timer) this.#wait();
    return () => {
      this.#running.delete(what);
      if (this.#running.size > 0) return;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#running.size === 0) return;
    this.#timer = setTimeout(() => {
      const nowMs = performance.now();
      const running = [...this.#running].map(
        ([what, sinceMs]) => `${what} (${((nowMs - sinceMs) / 1000).toFixed(0)} s)`,
      );
      this.say(`  still at it: ${running.join(', ')}`);
    }, silenceMsMax);
  }
}

const silenceMsMax = 10_000;
