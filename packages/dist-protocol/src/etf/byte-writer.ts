/** Bytes appended to a buffer that doubles when it is full; long ones are kept as they are instead, if that is wished for. */
export class ByteWriter {
  readonly #borrowMin: number;
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  /** Parts that are complete, of which the borrowed ones belong to the caller. */
  #parts: Uint8Array[] = [];
  #partsBytes = 0;
  /** Where in the buffer the part begins that is being written. */
  #partAt = 0;

  /** @param borrowMin bytes from which on {@link bytes} keeps a view instead of a copy, for {@link takeParts}; default never */
  constructor(borrowMin: number = Number.POSITIVE_INFINITY) {
    this.#borrowMin = borrowMin;
  }

  /** A copy of what was written, in a buffer of its own; not where bytes may be borrowed. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** What was written, in order, as views: the writer begins anew with another buffer. */
  takeParts(): Uint8Array[] {
    this.#endPart();
    const parts = this.#parts;
    this.#bytes = new Uint8Array(256);
    this.#view = new DataView(this.#bytes.buffer);
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

  /** A view of what was written, until the next {@link clear} or write; not where bytes may be borrowed. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets what was written and keeps the buffer. */
  clear(): void {
    this.#length = 0;
    this.#partAt = 0;
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
    this.#view.setUint16(this.#length, value);
    this.#length += 2;
  }

  /** Appends four bytes, most significant first. */
  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value);
    this.#length += 4;
  }

  /** Appends eight bytes, most significant first. */
  u64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.#length, value);
    this.#length += 8;
  }

  /** Appends a double, most significant byte first. */
  f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value);
    this.#length += 8;
  }

  /** Appends `bytes`: a copy, or a view where they are many and may be borrowed. */
  bytes(bytes: Uint8Array): void {
    if (bytes.length >= this.#borrowMin) {
      this.#endPart();
      this.#parts.push(bytes);
      this.#partsBytes += bytes.length;
      return;
    }
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #endPart(): void {
    if (this.#length === this.#partAt) return;
    this.#parts.push(this.#bytes.subarray(this.#partAt, this.#length));
    this.#partsBytes += this.#length - this.#partAt;
    this.#partAt = this.#length;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
