/** Chunks below this size are copied together before they are handed on, bytes: a call costs more than the copy. */
const gatherBelowBytes = 4096;

/** First-in first-out bytes, kept as the chunks they came in. */
export class ChunkQueue {
  /** Bytes in the queue. */
  bytes = 0;
  #chunks: Uint8Array[] = [];
  #head = 0;

  /** Appends a chunk; it belongs to the queue from then on. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.bytes += chunk.length;
  }

  /**
   * The next bytes, at most `bytesMax`, without removing them. Small chunks are gathered in `scratch`, so the answer
   * is valid until the scratch is used again. `scratch` must hold `bytesMax`.
   */
  peek(bytesMax: number, scratch: Uint8Array): Uint8Array {
    const first = this.#chunks[this.#head];
    if (first === undefined) return scratch.subarray(0, 0);
    const isLast = this.#head + 1 === this.#chunks.length;
    if (isLast || first.length >= gatherBelowBytes || first.length >= bytesMax) {
      return first.length > bytesMax ? first.subarray(0, bytesMax) : first;
    }
    let filled = 0;
    for (let at = this.#head; at < this.#chunks.length && filled < bytesMax; at++) {
      const chunk = this.#chunks[at]!;
      const part = chunk.length > bytesMax - filled ? chunk.subarray(0, bytesMax - filled) : chunk;
      scratch.set(part, filled);
      filled += part.length;
    }
    return scratch.subarray(0, filled);
  }

  /** Removes and answers the first chunk, cut to `bytesMax`. */
  shift(bytesMax: number = Number.POSITIVE_INFINITY): Uint8Array | undefined {
    const first = this.#chunks[this.#head];
    if (first === undefined) return undefined;
    const part = first.length > bytesMax ? first.subarray(0, bytesMax) : first;
    this.drop(part.length);
    return part;
  }

  /** Removes bytes from the front. */
  drop(count: number): void {
    this.bytes -= count;
    let left = count;
    while (left > 0) {
      const first = this.#chunks[this.#head]!;
      if (first.length > left) {
        this.#chunks[this.#head] = first.subarray(left);
        return;
      }
      left -= first.length;
      this.#chunks[this.#head] = empty;
      this.#head++;
    }
    if (this.#head === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#head = 0;
    } else if (this.#head >= 64 && this.#head * 2 >= this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#chunks = [];
    this.#head = 0;
    this.bytes = 0;
  }
}

const empty = new Uint8Array(0);
