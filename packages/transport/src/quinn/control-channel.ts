import { TransportError } from '../errors.js';
import { type ControlMessage, ControlReader, encodeControl, hello } from './control-messages.js';
import type { NativeStream } from './native.js';

/** Bytes waiting to be written to a peer that doesn't read its control stream, before the connection is lost: 64 KiB, some 4,600 resets. */
const queueBytesMax = 64 * 1024;
const readBytes = 512;

/** What a control channel tells its connection. */
export interface ControlHandlers {
  onMessage(message: ControlMessage): void;
  /** The peer has ended its half. */
  onEnd(): void;
  /** The peer broke the rules. */
  onViolation(error: TransportError): void;
}

/** The control stream of one connection. */
export class ControlChannel {
  readonly #stream: NativeStream;
  readonly #reader = new ControlReader();
  #early: readonly ControlMessage[] = [];
  #queue: Buffer[] = [hello];
  #queueBytes = 0;
  #isWriting = false;
  #isEnding = false;
  #handlers: ControlHandlers | undefined;

  /** Says hello. */
  constructor(stream: NativeStream) {
    this.#stream = stream;
    void this.#write();
  }

  /**
   * Resolves when the peer has said hello.
   * @throws TransportError with code `protocol_violation`, or what the binding throws
   */
  async expectHello(): Promise<void> {
    while (!this.#reader.hasHello) {
      const bytes = await this.#stream.read(readBytes);
      if (!bytes) throw new TransportError('protocol_violation', 'the peer ended its control stream');
      this.#early = this.#reader.push(bytes);
    }
  }

  /** Begins to deliver. */
  start(handlers: ControlHandlers): void {
    this.#handlers = handlers;
    void this.#read(handlers);
  }

  /** Sends a message soon. */
  send(message: ControlMessage): void {
    const bytes = encodeControl(message);
    this.#queue.push(bytes);
    this.#queueBytes += bytes.length;
    if (this.#queueBytes > queueBytesMax) {
      this.#handlers?.onViolation(
        new TransportError('protocol_violation', "the peer doesn't read its control stream"),
      );
    } else {
      void this.#write();
    }
  }

  /** Ends our half, after what was sent. */
  end(): void {
    this.#isEnding = true;
    void this.#write();
  }

  async #read(handlers: ControlHandlers): Promise<void> {
    for (const message of this.#early) handlers.onMessage(message);
    this.#early = [];
    while (true) {
      let messages: readonly ControlMessage[];
      try {
        const bytes = await this.#stream.read(readBytes);
        if (!bytes) break;
        messages = this.#reader.push(bytes);
      } catch (thrown) {
        // What the binding throws means that the connection is over, which it learns otherwise.
        if (thrown instanceof TransportError) handlers.onViolation(thrown);
        return;
      }
      for (const message of messages) handlers.onMessage(message);
    }
    handlers.onEnd();
  }

  async #write(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    try {
      while (this.#queue.length > 0) {
        const bytes = Buffer.concat(this.#queue);
        this.#queue = [];
        await this.#stream.write(bytes);
        this.#queueBytes = this.#queue.reduce((sum, { length }) => sum + length, 0);
      }
      if (this.#isEnding) await this.#stream.finishWrite();
      else this.#isWriting = false;
    } catch {
      // The connection is over; nothing is written any more.
    }
  }
}
