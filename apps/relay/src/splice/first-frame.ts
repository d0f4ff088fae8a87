import type { Stream, StreamClosed } from '@macula/transport';
import { decodeMessage, FrameReader, type Message, WireError } from '@macula/wire';

/** What comes of waiting for the first message of a stream. */
export interface FirstFrameHandlers {
  /** The message has come; the stream is paused, and what lies behind the message is kept for `takeRest`. */
  onMessage(message: Message): void;
  /** The first frame can't be read, or the stream ended without one. */
  onBroken(error: WireError): void;
  /** The stream is over: before the message, or while it was paused behind it. */
  onClosed(reason: StreamClosed): void;
}

/** Reads the one frame a tunnel stream begins with (OPEN, or its answer) and leaves every byte behind it untouched. */
export class FirstFrame {
  readonly stream: Stream;
  readonly #reader = new FrameReader();
  #isOver = false;

  constructor(stream: Stream, handlers: FirstFrameHandlers) {
    this.stream = stream;
    const broken = (error: WireError): void => {
      if (this.#isOver) return;
      this.#isOver = true;
      handlers.onBroken(error);
    };
    stream.start({
      onData: (bytes) => {
        this.#reader.push(bytes);
        if (this.#isOver) return;
        try {
          const frame = this.#reader.next();
          if (frame === undefined) return;
          const message = decodeMessage(frame);
          if (message === undefined) throw new WireError('unexpected_message', `frame type ${frame.type}`);
          this.#isOver = true;
          stream.pause();
          handlers.onMessage(message);
        } catch (thrown) {
          if (!(thrown instanceof WireError)) throw thrown;
          broken(thrown);
        }
      },
      onEnd: () => broken(new WireError('unexpected_message', 'the stream ended before its first message')),
      onDrain: () => {},
      onClosed: (reason) => handlers.onClosed(reason),
    });
  }

  /** The bytes behind the message. */
  takeRest(): Uint8Array {
    return this.#reader.takeRest();
  }
}
