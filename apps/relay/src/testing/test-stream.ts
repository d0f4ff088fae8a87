import type { Stream, StreamClosed } from '@macula/transport';
import { decodeMessage, encodeMessage, FrameReader, type Message } from '@macula/wire';
import { until } from './until.js';

/** A tunnel stream of a test: its first message, then bytes. */
export class TestStream {
  readonly stream: Stream;
  readonly chunks: Uint8Array[] = [];
  bytes = 0;
  isEnded = false;
  closed: StreamClosed | undefined;
  message: Message | undefined;
  readonly #reader = new FrameReader();
  #onDrain: (() => void) | undefined;

  constructor(stream: Stream) {
    this.stream = stream;
    stream.start({
      onData: (bytes) => this.#handleData(bytes),
      onEnd: () => {
        this.isEnded = true;
      },
      onDrain: () => this.#onDrain?.(),
      onClosed: (reason) => {
        this.closed = reason;
        this.#onDrain?.();
      },
    });
  }

  /** Waits for the first message, which must be of this kind. */
  async first<K extends Message['kind']>(kind: K): Promise<Extract<Message, { kind: K }>> {
    const message = await until(
      () => this.message ?? (this.closed && { ...this.closed, kind: 'closed' as const }),
      kind,
    );
    if (message.kind !== kind) throw new Error(`${JSON.stringify(message)} instead of ${kind}`);
    return message as Extract<Message, { kind: K }>;
  }

  /** Answers an OPEN, and sends bytes right behind. */
  accept(behind: Uint8Array = new Uint8Array(0)): void {
    const answer = encodeMessage({ kind: 'open_ok', answer: Uint8Array.of(9) });
    this.stream.write(Buffer.concat([answer, behind]));
  }

  /** Writes with back-pressure. */
  async send(bytes: Uint8Array): Promise<void> {
    if (this.stream.write(bytes) || this.closed) return;
    await new Promise<void>((resolve) => {
      this.#onDrain = resolve;
    });
    this.#onDrain = undefined;
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  #handleData(bytes: Uint8Array): void {
    let rest = bytes;
    if (this.message === undefined) {
      this.#reader.push(bytes);
      const frame = this.#reader.next();
      if (frame === undefined) return;
      this.message = decodeMessage(frame);
      rest = this.#reader.takeRest();
    }
    if (rest.length === 0) return;
    this.chunks.push(rest);
    this.bytes += rest.length;
  }
}
