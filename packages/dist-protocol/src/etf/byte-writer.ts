/** Bytes appended to a buffer that doubles when it is full; long ones are kept as they are instead, if that is wished for. */
export class ByteWriter {
  /** Whether who reads it knows native records: OTP 29 and later. */
  allowsNativeRecords = true;
  readonly #borrowMin: number;
  #bytes: Uint8Array;
  #view: DataView | undefined;
  #length = 0;
  /** Parts that are complete, of which the borrowed ones belong to the caller. */
  #parts: Uint8Array[] = [];
  #partsBytes = 0;
  /** Where in the buffer the part begins that is being written. */
  #partAt = 0;

  /**
   * @param borrowMin bytes from which on {@link bytes} keeps a view instead of a copy, for {@link takeParts}; default never
   * @param capacity bytes of the buffer at first; default 256
   */
  constructor(borrowMin: number = Number.POSITIVE_INFINITY, capacity: number = 256) {
    this.#borrowMin = borrowMin;
    this.#bytes = new Uint8Array(capacity);
  }

  /**
   * A copy of what was written; not where bytes may be borrowed. Small copies lie side by side in one `ArrayBuffer`: to make
   * one for each would take longer than to write what is in it.
   */
  finish(): Uint8Array {
    const start = this.#partAt;
    const count = this.#length - start;
    if (count > pooledMax) return this.#bytes.slice(start, this.#length);
    if (count > poolBytes - poolUsed) {
      pool = new Uint8Array(poolBytes);
      poolUsed = 0;
    }
    const at = poolUsed;
    poolUsed = at + count;
    copy(this.#bytes, start, pool, at, count);
    return new Uint8Array(pool.buffer, at, count);
  }

  /** What was written, in order, as views: the writer begins anew with another buffer. */
  takeParts(): Uint8Array[] {
    this.#endPart();
    const parts = this.#parts;
    this.#bytes = new Uint8Array(256);
    this.#view = undefined;
    this.#length = 0;
    this.#partAt = 0;
    this.#parts = [];
    this.#partsBytes = 0;
    return parts;
  }

  /** Bytes written, borrowed ones too. */
  get length(): number {
    return this.#partsBytes + this.#length - this.#partAt;
  }

  /** Bytes that the buffer holds before it grows. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** A view of what was written, until the next {@link clear} or write; not where bytes may be borrowed. */
  written(): Uint8Array {
    return this.#bytes.subarray(this.#partAt, this.#length);
  }

  /** Forgets what was written and keeps the buffer. */
  clear(): void {
    this.#length = 0;
    this.#partAt = 0;
    if (this.#parts.length === 0) return;
    this.#parts = [];
    this.#partsBytes = 0;
  }

  /** Appends one byte. */
  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Appends two bytes, most significant first. */
  u16(value: number): void {
    this.#reserve(2);
    const at = this.#length;
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
    this.#length = at + 2;
  }

  /** Appends four bytes, most significant first; of a negative number its two's complement. */
  u32(value: number): void {
    this.#reserve(4);
    this.#set32(this.#length, value);
    this.#length += 4;
  }

  /** Appends eight bytes, most significant first. */
  u64(value: bigint): void {
    this.#reserve(8);
    this.#dataView().setBigUint64(this.#length, value);
    this.#length += 8;
  }

  /** Appends a tag and one byte. */
  tagged8(tag: number, value: number): void {
    this.#reserve(2);
    const at = this.#length;
    const bytes = this.#bytes;
    bytes[at] = tag;
    bytes[at + 1] = value;
    this.#length = at + 2;
  }

  /** Appends a tag and four bytes, as {@link u32} does. */
  tagged32(tag: number, value: number): void {
    this.#reserve(5);
    const at = this.#length;
    this.#bytes[at] = tag;
    this.#set32(at + 1, value);
    this.#length = at + 5;
  }

  /** Appends a tag and a double, most significant byte first. */
  taggedF64(tag: number, value: number): void {
    this.#reserve(9);
    const at = this.#length;
    this.#bytes[at] = tag;
    this.#dataView().setFloat64(at + 1, value);
    this.#length = at + 9;
  }

  /** Appends `bytes`: a copy, or a view where they are many and may be borrowed. */
  bytes(bytes: Uint8Array): void {
    const count = bytes.length;
    if (count >= this.#borrowMin) {
      this.#endPart();
      this.#parts.push(bytes);
      this.#partsBytes += count;
      return;
    }
    this.#reserve(count);
    copy(bytes, 0, this.#bytes, this.#length, count);
    this.#length += count;
  }

  #set32(at: number, value: number): void {
    const bytes = this.#bytes;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
  }

  #dataView(): DataView {
    return (this.#view ??= new DataView(this.#bytes.buffer));
  }

  #endPart(): void {
    if (this.#length === this.#partAt) return;
    this.#parts.push(this.#bytes.subarray(this.#partAt, this.#length));
    this.#partsBytes += this.#length - this.#partAt;
    this.#partAt = this.#length;
  }

  #reserve(more: number): void {
    if (this.#length + more > this.#bytes.length) this.#grow(more);
  }

  /** What is before the part that is being written stays where it is: views of it are in others' hands. */
  #grow(more: number): void {
    const part = this.#bytes.subarray(this.#partAt, this.#length);
    const grown = new Uint8Array(Math.max(part.length + more, this.#bytes.length * 2));
    grown.set(part);
    this.#bytes = grown;
    this.#view = undefined;
    this.#length = part.length;
    this.#partAt = 0;
  }
}

function copy(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number, count: number): void {
  if (count <= loopMax) for (let index = 0; index < count; index++) to[toAt + index] = from[fromAt + index]!;
  else if (count === from.length) to.set(from, toAt);
  else to.set(new Uint8Array(from.buffer, from.byteOffset + fromAt, count), toAt);
}

/** Bytes up to which a loop copies faster than `set`. */
const loopMax = 32;
const poolBytes = 16_384;
const pooledMax = 2_048;
let pool: Uint8Array = new Uint8Array(0);
let poolUsed: number = poolBytes;
