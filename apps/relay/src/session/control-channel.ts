import type { Connection, Stream } from '@macula/transport';
import {
  codeNumber,
  decodeMessage,
  encodeMessage,
  FrameReader,
  helloBytesMax,
  type Message,
  type RawFrame,
  WireError,
} from '@macula/wire';
import { controlBufferBytesMax, goodbyeLingerMs } from '../limits.js';
import type { Refusal } from './accept-hello.js';

/** What a control stream tells its owner. */
export interface ControlHandlers {
  onMessage(message: Message): void;
  /** The peer broke the protocol: close the connection with the error's code. Nothing more is delivered. */
  onBroken(error: WireError): void;
}

/** Messages over the control stream of one connection, in both directions. */
export class ControlChannel {
  /** May be exchanged at any time, also from within a handler. */
  handlers: ControlHandlers;
  /** Bytes the peer may send in all; lifted once its HELLO is proven. */
  bytesMax: number = helloBytesMax;
  /** Asked for every frame, by its type, before it is decoded; false: it is not read, since the session is being closed. */
  mayRead: (type: number) => boolean = () => true;
  /** Does the work that a frame of this type makes, now or later; what comes behind it waits. */
  inShare: (type: number, work: () => void) => void = (_, work) => work();
  #bytesReceived = 0;
  readonly #stream: Stream;
  readonly #reader = new FrameReader();
  #broken = false;
  #isWaiting = false;

  constructor(stream: Stream, handlers: ControlHandlers) {
    this.handlers = handlers;
    this.#stream = stream;
    stream.priority = 'control';
    stream.start({
      onData: (bytes) => this.#handleData(bytes),
      onEnd: () => this.#break(new WireError('unexpected_message', 'the control stream was ended')),
      onDrain: () => {},
      onClosed: (reason) => {
        // A lost connection tells its owner itself.
        if (reason.kind !== 'lost')
          this.#break(new WireError('unexpected_message', 'the control stream is closed'));
      },
    });
  }

  /** Sends a message; a peer that doesn't read its control stream is broken. */
  send(message: Message): void {
    if (!this.#broken) this.sendFrame(encodeMessage(message));
  }

  /** Sends a message that is encoded already. */
  sendFrame(frame: Uint8Array): void {
    if (this.#broken) return;
    this.#stream.write(frame);
    if (this.#stream.bufferedBytes > controlBufferBytesMax) {
      this.#break(new WireError('unexpected_message', 'the peer does not read its control stream'));
    }
  }

  /** Bytes that wait for the peer to read them. */
  get bufferedBytes(): number {
    return this.#stream.bufferedBytes;
  }

  /** Says GOODBYE, then closes the connection after a moment, so that the message arrives. */
  closeConnection(connection: Connection, { code, text, retryMs }: Refusal): void {
    const isBroken = this.#broken;
    this.#broken = true; // before sending: a full control stream must not be reported from here
    if (!isBroken)
      this.#stream.write(
        encodeMessage({ kind: 'goodbye', code, text, ...(retryMs === undefined ? {} : { retryMs }) }),
      );
    setTimeout(() => connection.close(codeNumber(code), text), goodbyeLingerMs).unref();
  }

  /** Nothing is delivered or sent any more. */
  stop(): void {
    this.#broken = true;
  }

  #handleData(bytes: Uint8Array): void {
    if (this.#broken) return;
    this.#bytesReceived += bytes.length;
    if (this.#bytesReceived > this.bytesMax) {
      this.#break(new WireError('unexpected_message', 'too many bytes before HELLO'));
      return;
    }
    this.#reader.push(bytes);
    this.#readOn();
  }

  #readOn(): void {
    while (!this.#broken && !this.#isWaiting) {
      try {
        const frame = this.#reader.next();
        if (frame === undefined || !this.mayRead(frame.type)) return;
        this.#isWaiting = true;
        let isLater = false;
        this.inShare(frame.type, () => {
          this.#isWaiting = false;
          this.#handleFrame(frame);
          if (!isLater) return;
          this.#stream.resume();
          this.#readOn();
        });
        isLater = true;
      } catch (thrown) {
        this.#breakFor(thrown);
      }
    }
    if (this.#isWaiting) this.#stream.pause();
  }

  #handleFrame(frame: RawFrame): void {
    if (this.#broken) return;
    try {
      const message = decodeMessage(frame);
      if (message !== undefined) this.handlers.onMessage(message);
    } catch (thrown) {
      this.#breakFor(thrown);
    }
  }

  #breakFor(thrown: unknown): void {
    if (!(thrown instanceof WireError)) throw thrown;
    this.#break(thrown);
  }

  #break(error: WireError): void {
    if (this.#broken) return;
    this.handlers.onBroken(error);
  }
}
