import { WireError } from './errors.js';
import { frameBytesMax } from './limits.js';

/**
 * Frames: `u32be length | u8 type | body`, length counting type and body.
 *
 * ```text
 *  0       4      5
 *  +-------+------+---------------------+
 *  | len   | type | msgpack map         |
 *  +-------+------+---------------------+
 * ```
 */
export interface RawFrame {
  readonly type: number;
  readonly body: Uint8Array;
}

/** One frame as bytes. */
export function encodeRawFrame(type: number, body: Uint8Array): Uint8Array {
  const length = 1 + body.length;
  if (length > frameBytesMax) throw new RangeError(`frame of ${length} bytes is above ${frameBytesMax}`);
  const bytes = new Uint8Array(4 + length);
  new DataView(bytes.buffer).setUint32(0, length);
  bytes[4] = type;
  bytes.set(body, 5);
  return bytes;
}

/**
 * Cuts a byte stream into frames. `push` bytes, call `next` until it returns undefined; `takeRest` gives back what lies behind
 * the last frame when the stream stops being frames (a tunnel after OPEN_OK).
 */
export class FrameReader {
  #buffer: Uint8Array = new Uint8Array(0);

  /** Adds received bytes. */
  push(bytes: Uint8Array): void {
    if (this.#buffer.length === 0) {
      this.#buffer = bytes;
      return;
    }
    const joined = new Uint8Array(this.#buffer.length + bytes.length);
    joined.set(this.#buffer);
    joined.set(bytes, this.#buffer.length);
    this.#buffer = joined;
  }

  /**
   * The next whole frame, or undefined.
   * @throws WireError `bad_frame_length`; the reader must not be used afterwards
   */
  next(): RawFrame | undefined {
    const buffer = this.#buffer;
    if (buffer.length < 4) return undefined;
    const length = new DataView(buffer.buffer, buffer.byteOffset, 4).getUint32(0);
    if (length < 1 || length > frameBytesMax) {
      throw new WireError('bad_frame_length', `frame length ${length} is not between 1 and ${frameBytesMax}`);
    }
    if (buffer.length < 4 + length) return undefined;
    this.#buffer = buffer.subarray(4 + length);
    return { type: buffer[4]!, body: buffer.subarray(5, 4 + length) };
  }

  /** Bytes received and not yet cut. */
  get bufferedBytes(): number {
    return this.#buffer.length;
  }

  /** The bytes behind the last frame; the reader is empty afterwards. */
  takeRest(): Uint8Array {
    const rest = this.#buffer;
    this.#buffer = new Uint8Array(0);
    return rest;
  }
}
