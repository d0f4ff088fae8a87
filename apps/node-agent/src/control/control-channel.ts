import type { Readable, Writable } from 'node:stream';
import {
  channelEventQueueBytesMax,
  channelFlushMs,
  channelQueueBytesMax,
  controlFrameBytesMax,
} from '../limits.js';
import { ControlError } from './control-error.js';
import { decodeBeamMessage } from './decode.js';
import { encodeAgentMessage } from './encode.js';
import { FrameReader } from './frame-reader.js';
import type { AgentMessage, BeamMessage } from './messages.js';

/** The two directions of a channel; the same object twice for a socket. */
export interface ChannelStreams {
  readonly input: Readable;
  readonly output: Writable;
}

/** Why a channel ended. */
export type ChannelEnd =
  /** The BEAM ended or closed it. */
  | { readonly kind: 'eof' }
  /** The BEAM broke the protocol; it was told so. */
  | { readonly kind: 'malformed'; readonly error: ControlError }
  /** `close` was called. */
  | { readonly kind: 'closed' };

/** What a channel tells its owner. */
export interface ChannelHandlers {
  /** May throw a {@link ControlError}, which ends the channel as `malformed`. */
  onMessage(message: BeamMessage): void;
  /** Once; nothing is delivered or sent afterwards. */
  onEnd(end: ChannelEnd): void;
}

/** One control channel: frames to typed messages and back. States: open → ended, by either side or by a malformed message. */
export class ControlChannel {
  readonly #streams: ChannelStreams;
  readonly #reader = new FrameReader({ prefixBytes: 4, bodyBytesMax: controlFrameBytesMax });
  #handlers: ChannelHandlers | undefined;
  #ended = false;

  constructor(streams: ChannelStreams) {
    this.#streams = streams;
  }

  /** Begins to read; once. */
  start(handlers: ChannelHandlers): void {
    this.#handlers = handlers;
    const { input, output } = this.#streams;
    const onLost = () => this.#end({ kind: 'eof' });
    input.on('data', (bytes: Uint8Array) => this.#handleBytes(bytes));
    for (const event of ['end', 'error', 'close']) input.on(event, onLost);
    for (const event of ['error', 'close']) output.on(event, onLost);
  }

  /** Sends; nothing after the end. An event is dropped while the BEAM doesn't read. */
  send(message: AgentMessage): void {
    if (this.#ended) return;
    const { output } = this.#streams;
    if (message.kind === 'event' && output.writableLength > channelEventQueueBytesMax) return;
    output.write(encodeAgentMessage(message));
    if (output.writableLength > channelQueueBytesMax) this.#end({ kind: 'eof' });
  }

  /** Handles messages that the owner had put off, as if they came now. */
  deliver(messages: readonly BeamMessage[]): void {
    this.#guard(() => {
      for (const message of messages) if (!this.#ended) this.#handlers?.onMessage(message);
    });
  }

  /** Tells the BEAM what it did wrong and ends the channel as `malformed`. */
  fail(error: ControlError): void {
    this.send({ kind: 'error', code: error.code, text: error.message });
    this.#end({ kind: 'malformed', error });
  }

  /** Ends the channel after what was sent; resolves when that has left, or after 500 ms. */
  async close(): Promise<void> {
    this.#end({ kind: 'closed' });
    const { input, output } = this.#streams;
    if (!output.destroyed && !output.writableFinished) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, channelFlushMs);
        output.once('close', resolve);
        output.end(resolve);
        timer.unref();
      });
    }
    input.destroy();
    output.destroy();
  }

  #handleBytes(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#reader.push(bytes);
    this.#guard(() => {
      for (let body = this.#reader.next(); body !== undefined; body = this.#reader.next()) {
        const message = decodeBeamMessage(body);
        body.fill(0); // tokens and keys were copied
        this.#handlers?.onMessage(message);
        if (this.#ended) return;
      }
    });
  }

  #guard(handle: () => void): void {
    try {
      handle();
    } catch (thrown) {
      if (!(thrown instanceof ControlError)) throw thrown;
      this.fail(thrown);
    }
  }

  #end(end: ChannelEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#handlers?.onEnd(end);
  }
}
