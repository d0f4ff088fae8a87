import type { Duplex } from 'node:stream';
import { TransportError } from '../errors.js';
import { encodeFrame, type Frame, FrameReader, type FrameTypeCode } from './frames.js';

/** Bytes waiting in the pipe above which no more bulk is given to it. */
const bulkBytesMax: number = 512 * 1024;

/** What the channel tells its owner. */
export interface ChannelHandlers {
  onFrame(frame: Frame): void;
  /** The pipe takes bulk again. */
  onDrain(): void;
  /** The other process closed the pipe, or it broke. */
  onClosed(): void;
}

/** Frames over a pipe; what is sent in one go is written in one go. */
export class FrameChannel {
  readonly #pipe: Duplex;
  #isCorked = false;
  #isClosed = false;

  constructor(pipe: Duplex, handlers: ChannelHandlers) {
    this.#pipe = pipe;
    const reader = new FrameReader();
    const close = (): void => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      handlers.onClosed();
    };
    const breakOff = (): void => {
      pipe.destroy();
      close();
    };
    pipe.on('data', (chunk: Buffer) => {
      if (this.#isClosed) return;
      const frames = reader.push(chunk);
      if (!frames) return breakOff();
      try {
        for (const frame of frames) handlers.onFrame(frame);
      } catch (thrown) {
        if (!(thrown instanceof TransportError && thrown.code === 'protocol_violation')) throw thrown;
        breakOff();
      }
    });
    pipe.on('drain', handlers.onDrain);
    pipe.on('error', close);
    pipe.on('end', close);
    pipe.on('close', close);
  }

  /** True while bulk may be sent. */
  get takesBulk(): boolean {
    return !this.#isClosed && this.#pipe.writableLength < bulkBytesMax;
  }

  send(type: FrameTypeCode, connection: number, stream = 0, payload?: Uint8Array): void {
    if (this.#isClosed) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#pipe.cork();
      process.nextTick(this.#uncork);
    }
    for (const part of encodeFrame(type, connection, stream, payload)) this.#pipe.write(part);
  }

  /** Writes what is waiting, then closes the pipe. */
  end(): void {
    this.#uncork();
    this.#pipe.end();
  }

  /** Closes the pipe at once. */
  destroy(): void {
    this.#isClosed = true;
    this.#pipe.destroy();
  }

  readonly #uncork = (): void => {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#pipe.uncork();
  };
}
