import { ControlError } from './control-error.js';

/** What a {@link FrameReader} expects. */
export interface FrameReaderOptions {
  /** Bytes of the big-endian length: 4 on the control channel, 2 on local sockets. */
  readonly prefixBytes: 2 | 4;
  /** Longest body, bytes. */
  readonly bodyBytesMax: number;
}

/**
 * Cuts a byte stream into frames `length | body`. Call `push` with what arrived, then `next` until it returns undefined.
 * A body is a copy of its own, so that it can be wiped.
 */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(options: FrameReaderOptions) {
    this.#options = options;
  }

  /** Bytes that have arrived and belong to no complete frame yet. */
  get bufferedBytes(): number {
    return this.#length;
  }

  /** Takes bytes; they belong to the reader from then on. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    this.#length += bytes.length;
  }

  /**
   * The body of the next complete frame.
   * @throws ControlError `bad_frame` as soon as a length is beyond the limit
   */
  next(): Uint8Array | undefined {
    const { prefixBytes, bodyBytesMax } = this.#options;
    if (this.#length < prefixBytes) return undefined;
    const bodyLength = this.#joined(prefixBytes).readUIntBE(0, prefixBytes);
    if (bodyLength > bodyBytesMax)
      throw new ControlError('bad_frame', `frame of ${bodyLength} bytes, the limit is ${bodyBytesMax}`);
    const end = prefixBytes + bodyLength;
    if (this.#length < end) return undefined;
    const first = this.#joined(end);
    const body = Uint8Array.from(first.subarray(prefixBytes, end));
    first.fill(0, 0, end); // a frame may hold a token or a key
    this.#chunks[0] = first.subarray(end);
    if (first.length === end) this.#chunks.shift();
    this.#length -= end;
    return body;
  }

  /** Makes the first chunk at least `length` bytes long; called only when there are that many. */
  #joined(length: number): Buffer {
    const first = this.#chunks[0]!;
    if (first.length >= length) return first;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks.length = 0;
    this.#chunks.push(joined);
    return joined;
  }
}

/** A frame: big-endian length of 2 or 4 bytes, then the body. */
export function frame(prefixBytes: 2 | 4, body: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(prefixBytes + body.length);
  bytes.writeUIntBE(body.length, 0, prefixBytes);
  bytes.set(body, prefixBytes);
  return bytes;
}
