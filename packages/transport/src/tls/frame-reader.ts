import { TransportError } from '../errors.js';
import { dataBytesMax, type Frame, FrameType, headerBytes, reasonBytesMax } from './frames.js';

/**
 * Cuts a stream of bytes into frames. Call order: {@link handleChunk}, then {@link pollFrame} until it answers undefined. Data is
 * handed on as it comes, without waiting for the rest of its frame and without a copy.
 */
export class FrameReader {
  #chunk: Uint8Array = nothing;
  #at = 0;
  /** Header and payload of a frame without data, as far as they have come. */
  readonly #frame: Buffer = Buffer.alloc(headerBytes + payloadBytesMax);
  #frameBytes = 0;
  #dataLeft = 0;
  #dataStream = 0;

  /** Bytes from the peer, once the ones before are used up. */
  handleChunk(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /**
   * The next frame, or part of a data frame; undefined when more bytes are needed.
   * @throws TransportError with code `protocol_violation`; the reader must not be used any more
   */
  pollFrame(): Frame | undefined {
    if (this.#dataLeft === 0) {
      if (!this.#gather(headerBytes)) return undefined;
      const type = this.#frame[0]!;
      const length = this.#frame.readUIntBE(1, 3);
      const stream = this.#frame.readUInt32BE(4);
      checkHeader(type, length, stream);
      if (type !== FrameType.data) {
        if (!this.#gather(headerBytes + length)) return undefined;
        this.#frameBytes = 0;
        return parse(type, stream, this.#frame.subarray(headerBytes, headerBytes + length));
      }
      this.#frameBytes = 0;
      this.#dataLeft = length;
      this.#dataStream = stream;
    }
    const count = Math.min(this.#dataLeft, this.#chunk.length - this.#at);
    if (count === 0) return undefined;
    const bytes = this.#chunk.subarray(this.#at, this.#at + count);
    this.#at += count;
    this.#dataLeft -= count;
    return { kind: 'data', stream: this.#dataStream, bytes };
  }

  /** True when so many bytes of the frame are there. */
  #gather(count: number): boolean {
    const missing = count - this.#frameBytes;
    if (missing <= 0) return true;
    const part = this.#chunk.subarray(this.#at, this.#at + missing);
    this.#frame.set(part, this.#frameBytes);
    this.#frameBytes += part.length;
    this.#at += part.length;
    return part.length === missing;
  }
}

function checkHeader(type: number, length: number, stream: number): void {
  const shape = shapes[type];
  if (!shape) throw violation(`frames of type ${type} are unknown`);
  if (length < shape.bytesMin || length > shape.bytesMax)
    throw violation(`a frame of type ${type} has ${length} bytes`);
  if (!shape.hasStream && stream !== 0) throw violation(`a frame of type ${type} names a stream`);
}

function parse(type: number, stream: number, payload: Buffer): Frame {
  switch (type) {
    case FrameType.open:
      return { kind: 'open', stream };
    case FrameType.end:
      return { kind: 'end', stream };
    case FrameType.reset:
      return { kind: 'reset', stream, code: readCode(payload) };
    case FrameType.credit:
      return { kind: 'credit', stream, bytes: payload.readUInt32BE(0) };
    case FrameType.streams:
      return { kind: 'streams', count: payload.readUInt32BE(0) };
    case FrameType.ping:
      return { kind: 'ping', token: payload.readUInt32BE(0) };
    case FrameType.pong:
      return { kind: 'pong', token: payload.readUInt32BE(0) };
    default:
      return { kind: 'close', code: readCode(payload), reason: payload.toString('utf8', 8) };
  }
}

function readCode(payload: Buffer): number {
  const code = payload.readUInt32BE(0) * 2 ** 32 + payload.readUInt32BE(4);
  if (!Number.isSafeInteger(code)) throw violation('a code is above 2^53');
  return code;
}

function violation(text: string): TransportError {
  return new TransportError('protocol_violation', text);
}

const payloadBytesMax = 8 + reasonBytesMax;
const nothing = new Uint8Array(0);

/** What the header of each frame must look like, by type. */
const shapes: Readonly<Record<number, { bytesMin: number; bytesMax: number; hasStream: boolean }>> = {
  [FrameType.data]: { bytesMin: 1, bytesMax: dataBytesMax, hasStream: true },
  [FrameType.open]: { bytesMin: 0, bytesMax: 0, hasStream: true },
  [FrameType.end]: { bytesMin: 0, bytesMax: 0, hasStream: true },
  [FrameType.reset]: { bytesMin: 8, bytesMax: 8, hasStream: true },
  [FrameType.credit]: { bytesMin: 4, bytesMax: 4, hasStream: true },
  [FrameType.streams]: { bytesMin: 4, bytesMax: 4, hasStream: false },
  [FrameType.ping]: { bytesMin: 4, bytesMax: 4, hasStream: false },
  [FrameType.pong]: { bytesMin: 4, bytesMax: 4, hasStream: false },
  [FrameType.close]: { bytesMin: 8, bytesMax: payloadBytesMax, hasStream: false },
};
