import { readUint32 } from '../bytes.js';
import { CryptoError } from '../errors.js';
import { ChunkQueue } from './chunk-queue.js';

/** How one kind of frame is bounded and opened. */
export interface FrameCodec {
  /** Smallest length a header may claim, in bytes. */
  readonly lengthMin: number;
  /** Largest length a header may claim, in bytes. */
  readonly lengthMax: number;
  /**
   * Opens one whole frame.
   *
   * @param header - the 4 length bytes.
   * @param length - what they say.
   * @param body - the queue, holding at least `length` bytes; exactly those are taken.
   * @throws CryptoError when the frame is not authentic.
   */
  open(header: Uint8Array, length: number, body: ChunkQueue): Uint8Array[];
}

/**
 * Cuts a byte stream into frames `u32be length | body` at arbitrary chunk boundaries and opens each. Nothing of a frame
 * comes out before the whole of it is verified. The first error is final: every later call throws it again.
 */
export class FramedOpener {
  readonly #codec: FrameCodec;
  readonly #queue = new ChunkQueue();
  #header: Uint8Array | undefined;
  #failure: CryptoError | undefined;

  /** @param codec - bounds and opening of a frame. */
  constructor(codec: FrameCodec) {
    this.#codec = codec;
  }

  /** Bytes held that are not part of a finished frame. */
  get bufferedBytes(): number {
    return this.#queue.length + (this.#header?.length ?? 0);
  }

  /** Whether the stream stands between two frames: an end here cuts nothing off. */
  get atBoundary(): boolean {
    return this.bufferedBytes === 0;
  }

  /** Takes received bytes; see `push` of the openers. */
  push(chunk: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#queue.push(chunk);
  }

  /** The next whole plaintext, or `undefined` when more bytes are needed; see `next` of the openers. */
  next(): Uint8Array[] | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#nextFrame();
    } catch (thrown) {
      this.#failure = CryptoError.from(thrown);
      this.#queue.clear();
      this.#header = undefined;
      throw this.#failure;
    }
  }

  #nextFrame(): Uint8Array[] | undefined {
    if (this.#header === undefined) {
      if (this.#queue.length < headerBytes) return undefined;
      this.#header = this.#queue.takeJoined(headerBytes);
      this.#requireLength(readUint32(this.#header));
    }
    const header = this.#header;
    const length = readUint32(header);
    if (this.#queue.length < length) return undefined;
    const plaintext = this.#codec.open(header, length, this.#queue);
    this.#header = undefined;
    return plaintext;
  }

  #requireLength(length: number): void {
    const { lengthMin, lengthMax } = this.#codec;
    if (length < lengthMin || length > lengthMax) {
      throw new CryptoError(
        'bad_length',
        `frame claims ${length} bytes, allowed are ${lengthMin} to ${lengthMax}`,
      );
    }
  }
}

const headerBytes = 4;
