import { tlsWriteBufferBytes } from '../limits.js';
import { type Frame, FrameType, type FrameTypeCode, headerBytes, reasonBytesMax } from './frames.js';

/** Buffers kept for later, of all connections together. */
const spareBuffersMax = 32;
/** Room below which a buffer gets no further data. */
const dataRoomMin = 64;

/**
 * Collects frames in buffers that are written in one piece. The one copy made here buys full TLS records, one call for each
 * 64 KiB, and a single header for data written in many small pieces.
 */
export class FrameWriter {
  /** Bytes of frames without data since the last {@link takeBuffers}. */
  answerBytes = 0;
  #full: Buffer[] = [];
  #buffer: Buffer | undefined;
  #filled = 0;
  /** Where the header of the last frame is, when that is a data frame that may grow; else -1. */
  #dataAt = -1;
  #dataStream = 0;

  /** True when nothing waits to be written. */
  get isEmpty(): boolean {
    return this.#filled === 0 && this.#full.length === 0;
  }

  /** Bytes of one stream's data that the last buffer still takes. */
  get dataRoom(): number {
    return Math.max(0, tlsWriteBufferBytes - (this.#buffer ? this.#filled : 0) - headerBytes);
  }

  /** Adds a frame; data is copied. */
  write(frame: Frame): void {
    if (frame.kind === 'data') {
      this.#writeData(frame.stream, frame.bytes);
      return;
    }
    const type = FrameType[frame.kind];
    switch (frame.kind) {
      case 'open':
      case 'end':
        this.#begin(type, frame.stream, 0);
        break;
      case 'reset':
        this.#writeCode(this.#begin(type, frame.stream, 8), frame.code);
        break;
      case 'credit':
        this.#writeNumber(type, frame.stream, frame.bytes);
        break;
      case 'streams':
        this.#writeNumber(type, 0, frame.count);
        break;
      case 'ping':
      case 'pong':
        this.#writeNumber(type, 0, frame.token);
        break;
      case 'close': {
        const reason = Buffer.from(frame.reason).subarray(0, reasonBytesMax);
        const at = this.#begin(type, 0, 8 + reason.length);
        this.#writeCode(at, frame.code);
        this.#buffer!.set(reason, at + 8);
      }
    }
  }

  /** The buffers to write, in order; {@link FrameWriter.release} takes them back. */
  takeBuffers(): Buffer[] {
    const buffers = this.#full;
    if (this.#filled > 0) buffers.push(this.#buffer!.subarray(0, this.#filled));
    this.#full = [];
    this.#buffer = undefined;
    this.#filled = 0;
    this.#dataAt = -1;
    this.answerBytes = 0;
    return buffers;
  }

  /** Forgets what was not taken. */
  clear(): void {
    for (const buffer of this.takeBuffers()) FrameWriter.release(buffer);
  }

  /** Takes back a buffer that was written and that nobody reads any more. */
  static release(buffer: Buffer): void {
    if (spareBuffers.length < spareBuffersMax) spareBuffers.push(buffer.buffer as ArrayBuffer);
  }

  #writeData(stream: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#dataAt < 0 || this.#dataStream !== stream || this.#filled === tlsWriteBufferBytes) {
        this.#reserve(dataRoomMin);
        this.#dataAt = this.#filled;
        this.#dataStream = stream;
        writeHeader(this.#buffer!, this.#filled, FrameType.data, stream, 0);
        this.#filled += headerBytes;
      }
      const part =
        at === 0 && bytes.length <= tlsWriteBufferBytes - this.#filled
          ? bytes
          : bytes.subarray(at, at + tlsWriteBufferBytes - this.#filled);
      this.#buffer!.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      this.#buffer!.writeUIntBE(this.#filled - this.#dataAt - headerBytes, this.#dataAt + 1, 3);
    }
  }

  /** Writes the header; answers where the payload goes. */
  #begin(type: FrameTypeCode, stream: number, length: number): number {
    this.#reserve(headerBytes + length);
    this.#dataAt = -1;
    writeHeader(this.#buffer!, this.#filled, type, stream, length);
    this.answerBytes += headerBytes + length;
    this.#filled += headerBytes + length;
    return this.#filled - length;
  }

  #writeNumber(type: FrameTypeCode, stream: number, value: number): void {
    const at = this.#begin(type, stream, 4);
    this.#buffer!.writeUInt32BE(value, at);
  }

  #writeCode(at: number, code: number): void {
    this.#buffer!.writeUInt32BE(Math.floor(code / 2 ** 32), at);
    this.#buffer!.writeUInt32BE(code % 2 ** 32, at + 4);
  }

  #reserve(count: number): void {
    if (this.#buffer && tlsWriteBufferBytes - this.#filled >= count) return;
    if (this.#buffer) this.#full.push(this.#buffer.subarray(0, this.#filled));
    this.#buffer = Buffer.from(spareBuffers.pop() ?? new ArrayBuffer(tlsWriteBufferBytes));
    this.#filled = 0;
    this.#dataAt = -1;
  }
}

function writeHeader(buffer: Buffer, at: number, type: FrameTypeCode, stream: number, length: number): void {
  buffer[at] = type;
  buffer.writeUIntBE(length, at + 1, 3);
  buffer.writeUInt32BE(stream, at + 4);
}

const spareBuffers: ArrayBuffer[] = [];
