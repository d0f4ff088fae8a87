/** What waits to be taken, first in, first out; each takes the same time however many wait, which is not so of `Array.shift`. */
export class OutputQueue<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  /** Adds one at the end. */
  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes the first, undefined when there is none. */
  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (this.#head === this.#items.length) return undefined;
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length || this.#head >= compactAt) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

/** Places of what was taken that are given back at a time: copying the rest then costs little for each. */
const compactAt = 4096;
