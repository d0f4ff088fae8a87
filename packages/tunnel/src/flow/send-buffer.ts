import { coalesceBlockBytes, coalesceBytesMax } from '../limits.js';

/**
 * Plaintext of one direction from the first unacknowledged byte to the last one written: the ring. Large chunks are
 * kept as they came, small ones are copied together. Positions are offsets from the beginning of the stream.
 *
 *     acked ───── sent ───── end
 *       | unacked  | unsent   |
 */
export class SendBuffer {
  /** Chunks from `#first` on hold the bytes from `#firstOffset` on. */
  #chunks: Uint8Array[] = [];
  #first = 0;
  #firstOffset = 0;
  /** The first unsent byte: chunk and index in it. */
  #sendChunk = 0;
  #sendIndex = 0;
  #acked = 0;
  #sent = 0;
  #end = 0;
  /** Where small chunks go; the last chunk is a view of it that ends at `#blockUsed`, or it is not used any more. */
  #block: Uint8Array | undefined;
  #blockUsed = 0;

  /** Everything before this offset was acknowledged and is forgotten. */
  get acked(): number {
    return this.#acked;
  }

  /** Everything before this offset was taken. */
  get sent(): number {
    return this.#sent;
  }

  /** Offset of the next byte that will be written. */
  get end(): number {
    return this.#end;
  }

  /**
   * Appends bytes.
   *
   * @param bytes - kept, not copied, from 4 KiB on: the caller must not change them. A view keeps its whole buffer.
   */
  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (bytes.length >= coalesceBytesMax) {
      this.#chunks.push(bytes);
      this.#block = undefined;
    } else {
      this.#writeSmall(bytes);
    }
    this.#end += bytes.length;
  }

  /**
   * Takes the next unsent bytes; they stay until they are acknowledged.
   *
   * @param bytesMax - how many at most.
   * @returns views of what was written, in order; none when nothing is unsent or `bytesMax` is 0.
   */
  take(bytesMax: number): Uint8Array[] {
    const taken: Uint8Array[] = [];
    let wanted = Math.min(bytesMax, this.#end - this.#sent);
    this.#sent += Math.max(0, wanted);
    while (wanted > 0) {
      const chunk = this.#chunks[this.#sendChunk]!;
      const bytes = Math.min(wanted, chunk.length - this.#sendIndex);
      if (bytes > 0) taken.push(chunk.subarray(this.#sendIndex, this.#sendIndex + bytes));
      wanted -= bytes;
      this.#sendIndex += bytes;
      // The last chunk may still grow, so its end is left only when there is a next one.
      if (this.#sendIndex === chunk.length && this.#sendChunk < this.#chunks.length - 1) {
        this.#sendChunk++;
        this.#sendIndex = 0;
      }
    }
    return taken;
  }

  /**
   * Goes back to an offset: what follows it is unsent again.
   *
   * @param offset - from `acked` to `sent`; the caller has checked it.
   */
  rewind(offset: number): void {
    this.#sent = offset;
    this.#sendChunk = this.#first;
    this.#sendIndex = offset - this.#firstOffset;
    while (this.#sendChunk < this.#chunks.length - 1) {
      const { length } = this.#chunks[this.#sendChunk]!;
      if (this.#sendIndex < length) return;
      this.#sendIndex -= length;
      this.#sendChunk++;
    }
  }

  /**
   * Forgets what was acknowledged; it need not be sent (again) then.
   *
   * @param offset - from `acked` to `end`; the caller has checked it.
   */
  acknowledge(offset: number): void {
    this.#acked = offset;
    if (offset > this.#sent) this.rewind(offset);
    for (;;) {
      const chunk = this.#chunks[this.#first];
      if (chunk === undefined || this.#firstOffset + chunk.length > offset) break;
      if (this.#first === this.#sendChunk) {
        this.#sendChunk++;
        this.#sendIndex = 0;
      }
      this.#firstOffset += chunk.length;
      this.#chunks[this.#first] = noBytes;
      this.#first++;
      if (this.#first === this.#chunks.length) this.#block = undefined;
    }
    if (this.#first >= compactChunks && this.#first * 2 >= this.#chunks.length) this.#compact();
  }

  /** Forgets everything; the offsets stay. */
  clear(): void {
    this.#chunks = [];
    this.#first = 0;
    this.#sendChunk = 0;
    this.#sendIndex = 0;
    this.#block = undefined;
    this.#firstOffset = this.#acked = this.#sent = this.#end;
  }

  #writeSmall(bytes: Uint8Array): void {
    if (this.#block === undefined || this.#blockUsed + bytes.length > this.#block.length) {
      this.#block = new Uint8Array(coalesceBlockBytes);
      this.#blockUsed = 0;
      this.#chunks.push(noBytes);
    }
    const last = this.#chunks.length - 1;
    const start = this.#blockUsed - this.#chunks[last]!.length;
    this.#block.set(bytes, this.#blockUsed);
    this.#blockUsed += bytes.length;
    this.#chunks[last] = this.#block.subarray(start, this.#blockUsed);
  }

  #compact(): void {
    this.#chunks.splice(0, this.#first);
    this.#sendChunk -= this.#first;
    this.#first = 0;
  }
}

const noBytes = new Uint8Array(0);
const compactChunks = 256;
