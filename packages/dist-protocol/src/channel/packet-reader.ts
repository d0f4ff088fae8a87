import { ChannelError } from './errors.js';

/**
 * Cuts a byte stream into packets: `length:4 packet:length`, a length of 0 being a tick (ERTS User's Guide, "Protocol between
 * connected nodes").
 *
 * Call {@link push} with what came, then {@link next} until undefined.
 */
export class PacketReader {
  readonly #packetBytesMax: number;
  #chunk: Uint8Array = nothing;
  #offset = 0;
  /** Parts of a packet that does not end in the chunk it began in, its length before it. */
  #parts: Uint8Array[] = [];
  #partsBytes = 0;

  constructor(packetBytesMax: number) {
    this.#packetBytesMax = packetBytesMax;
  }

  /** Takes a chunk. The one before must have been read to its end. */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#offset = 0;
  }

  /**
   * The next packet without its length, empty for a tick, undefined when the chunk holds no whole one. It is a view into the
   * chunk where it lies in one.
   *
   * @throws {ChannelError} `packet_too_large`
   */
  next(): Uint8Array | undefined {
    if (this.#partsBytes > 0) return this.#finishParts();
    const left = this.#chunk.length - this.#offset;
    if (left >= 4) {
      const length = this.#checkedLength(this.#chunk, this.#offset);
      const end = this.#offset + 4 + length;
      if (end <= this.#chunk.length) {
        const packet = this.#chunk.subarray(this.#offset + 4, end);
        this.#offset = end;
        return packet;
      }
    }
    if (left > 0) this.#keep(this.#chunk.length);
    return undefined;
  }

  #finishParts(): Uint8Array | undefined {
    const wanted = this.#wanted();
    const end = Math.min(this.#chunk.length, this.#offset + wanted);
    if (end > this.#offset) this.#keep(end);
    if (this.#partsBytes < 4) return undefined;
    // The length itself may have been cut: then only now it is known how much is wanted.
    const still = this.#wanted();
    if (still > 0) return this.#offset < this.#chunk.length ? this.#finishParts() : undefined;
    const packet = joined(this.#parts, this.#partsBytes).subarray(4);
    this.#parts = [];
    this.#partsBytes = 0;
    return packet;
  }

  /** Bytes until the length, or the packet, is whole. */
  #wanted(): number {
    if (this.#partsBytes < 4) return 4 - this.#partsBytes;
    const first = this.#parts[0] ?? nothing;
    if (first.length < 4) this.#parts = [joined(this.#parts, this.#partsBytes)];
    return 4 + this.#checkedLength(this.#parts[0] ?? nothing, 0) - this.#partsBytes;
  }

  #keep(end: number): void {
    const part = this.#chunk.subarray(this.#offset, end);
    this.#parts.push(part);
    this.#partsBytes += part.length;
    this.#offset = end;
  }

  #checkedLength(bytes: Uint8Array, at: number): number {
    const high = (bytes[at] ?? 0) * 0x100_0000;
    const length = high + (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
    if (length > this.#packetBytesMax)
      throw new ChannelError(
        'packet_too_large',
        `packet of ${length} bytes, limit ${this.#packetBytesMax}; raise packetBytesMax if the peer is meant to send that`,
      );
    return length;
  }
}

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const nothing = new Uint8Array(0);
