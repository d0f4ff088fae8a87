import { emptyBytes } from '../bytes.js';
import { coalesceBufferBytes, coalesceBytesMax } from './limits.js';

/**
 * Bytes received but not consumed, in the chunks they came in. Chunks are kept without copying, except small ones,
 * which are copied together so that memory stays in proportion to the bytes whatever their boundaries.
 */
export class ChunkQueue {
  #chunks: Uint8Array[] = [];
  /** Index of the first chunk not wholly consumed; what lies before is dropped now and then, not at each take. */
  #head = 0;
  #length = 0;
  #buffer: Uint8Array = emptyBytes;
  #bufferUsed = 0;
  /** Whether the last chunk is the end of the used part of `#buffer`, so that it can grow. */
  #lastGrows = false;

  /** Bytes queued. */
  get length(): number {
    return this.#length;
  }

  /**
   * Appends a chunk, which belongs to the queue from now on.
   *
   * @param chunk - any length; an empty one changes nothing.
   */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#length += chunk.length;
    if (chunk.length < coalesceBytesMax) {
      this.#pushSmall(chunk);
    } else {
      this.#chunks.push(chunk);
      this.#lastGrows = false;
    }
  }

  /**
   * Removes bytes from the front, in as few pieces as they lie in.
   *
   * @param byteCount - at most {@link ChunkQueue.length}.
   */
  take(byteCount: number): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let missing = byteCount;
    while (missing > 0) {
      const chunk = this.#chunks[this.#head]!;
      if (chunk.length <= missing) {
        pieces.push(chunk);
        this.#head++;
        missing -= chunk.length;
      } else {
        pieces.push(chunk.subarray(0, missing));
        this.#chunks[this.#head] = chunk.subarray(missing);
        missing = 0;
      }
    }
    this.#length -= byteCount;
    this.#dropConsumed();
    return pieces;
  }

  /**
   * Removes bytes from the front into one array of their own. For short fields.
   *
   * @param byteCount - at most {@link ChunkQueue.length}.
   */
  takeJoined(byteCount: number): Uint8Array {
    const joined = new Uint8Array(byteCount);
    let offset = 0;
    for (const piece of this.take(byteCount)) {
      joined.set(piece, offset);
      offset += piece.length;
    }
    return joined;
  }

  /** Forgets everything. */
  clear(): void {
    this.#chunks = [];
    this.#head = 0;
    this.#length = 0;
    this.#buffer = emptyBytes;
    this.#bufferUsed = 0;
    this.#lastGrows = false;
  }

  #pushSmall(chunk: Uint8Array): void {
    if (this.#bufferUsed + chunk.length > this.#buffer.length) {
      // Not zeroed, not pooled: only what was written is ever handed out.
      this.#buffer = Buffer.allocUnsafeSlow(coalesceBufferBytes);
      this.#bufferUsed = 0;
      this.#lastGrows = false;
    }
    this.#buffer.set(chunk, this.#bufferUsed);
    const end = this.#bufferUsed + chunk.length;
    if (this.#lastGrows) {
      const last = this.#chunks.length - 1;
      const start = this.#bufferUsed - this.#chunks[last]!.length;
      this.#chunks[last] = this.#buffer.subarray(start, end);
    } else {
      this.#chunks.push(this.#buffer.subarray(this.#bufferUsed, end));
      this.#lastGrows = true;
    }
    this.#bufferUsed = end;
  }

  #dropConsumed(): void {
    if (this.#head === this.#chunks.length) {
      this.#chunks = [];
      this.#head = 0;
      this.#lastGrows = false;
    } else if (this.#head >= 64) {
      this.#chunks.splice(0, this.#head);
      this.#head = 0;
    }
  }
}
