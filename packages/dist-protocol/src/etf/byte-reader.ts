import { EtfError } from './errors.js';

/** Reads numbers and views from bytes; every read beyond the end is an {@link EtfError} `truncated`. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset: number;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offset = offset;
  }

  /** Where the next byte is read. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes that are left. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** The next byte, which stays unread. */
  peek(): number {
    const byte = this.#bytes[this.#offset];
    if (byte === undefined) throw truncated(1, 0);
    return byte;
  }

  /** Unsigned, one byte. */
  u8(): number {
    const byte = this.peek();
    this.#offset += 1;
    return byte;
  }

  /** Unsigned, two bytes. */
  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  /** Unsigned, four bytes. */
  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** Signed, four bytes. */
  i32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  /** Unsigned, eight bytes. */
  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8));
  }

  /** A double. */
  f64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** A view of the next `length` bytes, not a copy. */
  view(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Checks that `count` things of at least `bytesEach` bytes can follow, before anything is made for them. */
  expect(count: number, bytesEach: number): void {
    if (count * bytesEach > this.remaining) throw truncated(count * bytesEach, this.remaining);
  }

  #take(length: number): number {
    const start = this.#offset;
    if (length > this.remaining) throw truncated(length, this.remaining);
    this.#offset = start + length;
    return start;
  }
}

function truncated(needed: number, remaining: number): EtfError {
  return new EtfError('truncated', `${needed} bytes needed, ${remaining} left`);
}
