import { EtfError } from './errors.js';

/** Reads numbers and views from bytes; every read beyond the end is an {@link EtfError} `truncated`. */
export class ByteReader {
  /** What is read. */
  protected readonly bytes: Uint8Array;
  /** Where the next byte is read. */
  protected at: number;
  readonly #end: number;
  #buffer: ArrayBufferLike | undefined;
  /** Made with the first number that needs it: small terms seldom have one. */
  #dataView: DataView | undefined;

  constructor(bytes: Uint8Array, offset: number) {
    this.bytes = bytes;
    this.#end = bytes.length;
    this.at = offset;
    this.#buffer = undefined;
    this.#dataView = undefined;
    if (!(offset >= 0)) throw truncated(1, 0);
  }

  /** Where the next byte is read. */
  get offset(): number {
    return this.at;
  }

  /** The next byte, which stays unread. */
  peek(): number {
    if (this.at >= this.#end) throw truncated(1, 0);
    return this.bytes[this.at]!;
  }

  /** Unsigned, one byte. */
  u8(): number {
    const at = this.at;
    if (at >= this.#end) throw truncated(1, 0);
    this.at = at + 1;
    return this.bytes[at]!;
  }

  /** Unsigned, two bytes. */
  u16(): number {
    const at = this.skip(2);
    return (this.bytes[at]! << 8) | this.bytes[at + 1]!;
  }

  /** Unsigned, four bytes. */
  u32(): number {
    return this.i32() >>> 0;
  }

  /** Signed, four bytes. */
  i32(): number {
    const at = this.skip(4);
    const { bytes } = this;
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }

  /** Unsigned, eight bytes. */
  u64(): bigint {
    return this.#view().getBigUint64(this.skip(8));
  }

  /** A double. */
  f64(): number {
    return this.#view().getFloat64(this.skip(8));
  }

  /** A view of the next `length` bytes, not a copy. */
  view(length: number): Uint8Array {
    // To ask for the buffer takes as long as to make the view.
    this.#buffer ??= this.bytes.buffer;
    return new Uint8Array(this.#buffer, this.bytes.byteOffset + this.skip(length), length);
  }

  /** Checks that `count` things of at least `bytesEach` bytes can follow, before anything is made for them. */
  expect(count: number, bytesEach: number): void {
    const remaining = this.#end - this.at;
    if (count * bytesEach > remaining) throw truncated(count * bytesEach, remaining);
  }

  /** Goes on behind the next `length` bytes, and says where they began. */
  protected skip(length: number): number {
    const at = this.at;
    if (length > this.#end - at) throw truncated(length, this.#end - at);
    this.at = at + length;
    return at;
  }

  #view(): DataView {
    const { bytes } = this;
    return (this.#dataView ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }
}

function truncated(needed: number, remaining: number): EtfError {
  return new EtfError('truncated', `${needed} bytes needed, ${remaining} left`);
}
