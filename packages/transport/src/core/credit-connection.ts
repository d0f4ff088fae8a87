import type { StreamPriority } from '../transport.js';
import { ChunkQueue } from './chunk-queue.js';
import { ConnectionCore, type ConnectionFacts } from './connection-core.js';
import { StreamCore, type StreamOwner } from './stream-core.js';
import { type WriteOutcome, WriteRing } from './write-ring.js';

/**
 * What two ends of a reliable, ordered message channel say about streams. Ids: the end that opens a stream names it,
 * one end with even numbers, the other with odd ones. Data needs credit, everything else doesn't.
 */
export type StreamMessage =
  | { readonly kind: 'open'; readonly stream: number; readonly priority: StreamPriority }
  | { readonly kind: 'priority'; readonly stream: number; readonly priority: StreamPriority }
  | { readonly kind: 'data'; readonly stream: number; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly stream: number }
  | { readonly kind: 'reset'; readonly stream: number; readonly code: number }
  /** The receiver has consumed that many bytes. */
  | { readonly kind: 'credit'; readonly stream: number; readonly bytes: number };

/** A stream over a message channel: sends what it has credit for, and keeps what its owner doesn't read yet. */
export class CreditStream extends StreamCore {
  /** Its name in messages. */
  readonly wireId: number;
  /** Bytes that may still be sent. */
  credit: number;
  /** The peer knows the stream. */
  isOpenSent: boolean;
  /** Bytes that came while the owner wasn't reading. */
  readonly inbox: ChunkQueue = new ChunkQueue();
  /** The peer's end came. */
  endReceived = false;
  /** Bytes consumed for which no credit was given back yet. */
  consumed = 0;

  constructor(
    owner: StreamOwner<StreamCore>,
    options: { id: number; wireId: number; priority: StreamPriority; credit: number; isOpenSent: boolean },
  ) {
    super(owner, options.id, options.priority);
    this.wireId = options.wireId;
    this.credit = options.credit;
    this.isOpenSent = options.isOpenSent;
  }
}

/** A connection whose streams live in {@link StreamMessage}s over a reliable, ordered channel. */
export abstract class CreditConnection
  extends ConnectionCore<CreditStream>
  implements StreamOwner<CreditStream>
{
  readonly #ring: WriteRing<CreditStream> = new WriteRing();
  readonly #byWireId: Map<number, CreditStream> = new Map();
  readonly #windowBytes: number;
  #wireIdNext: number;
  #acceptedWireId = noStream;
  #written = 0;

  protected constructor(
    facts: ConnectionFacts,
    options: { readonly windowBytes: number; readonly wireIdFirst: 0 | 1 },
  ) {
    super(facts);
    this.#windowBytes = options.windowBytes;
    this.#wireIdNext = options.wireIdFirst;
  }

  /** Gives a message to the channel. */
  protected abstract sendMessage(message: StreamMessage): void;
  /** Has {@link flush} called soon. */
  protected abstract scheduleFlush(): void;

  /**
   * Hands over what streams have and credit allows; answers true when more could be sent at once.
   * @param bytesMax of bulk
   */
  flush(bytesMax: number): boolean {
    if (this.closed) return false;
    this.#ring.round(
      (stream, streamBytesMax) => this.#write(stream, streamBytesMax),
      () => this.#written,
      { bytesMax, failuresMax: Number.POSITIVE_INFINITY },
    );
    return this.#ring.isReady;
  }

  /** A message of the peer. Messages for streams that are over are late and mean nothing. */
  handleMessage(message: StreamMessage): void {
    if (this.closed) return;
    if (message.kind === 'open') {
      this.#acceptedWireId = message.stream;
      const stream = this.acceptStream();
      this.announce(stream);
      return;
    }
    const stream = this.#byWireId.get(message.stream);
    if (!stream) return;
    switch (message.kind) {
      case 'data':
        stream.inbox.push(message.bytes);
        this.#deliver(stream);
        break;
      case 'end':
        stream.endReceived = true;
        this.#deliver(stream);
        break;
      case 'reset':
        this.#forget(stream);
        stream.finish({ kind: 'reset', code: message.code, local: false });
        break;
      case 'credit':
        stream.credit += message.bytes;
        this.#ring.unblock();
        this.scheduleFlush();
        break;
      case 'priority':
        break;
    }
  }

  streamWantsWrite(stream: CreditStream): void {
    this.#ring.add(stream);
    this.scheduleFlush();
  }

  streamWantsRead(stream: CreditStream): void {
    if (stream.inbox.bytes > 0 || stream.endReceived) queueMicrotask(() => this.#deliver(stream));
  }

  streamWasReset(stream: CreditStream, code: number): void {
    this.#forget(stream);
    if (stream.isOpenSent) this.sendMessage({ kind: 'reset', stream: stream.wireId, code });
  }

  streamPriorityChanged(stream: CreditStream): void {
    this.#ring.move(stream);
    if (stream.isOpenSent)
      this.sendMessage({ kind: 'priority', stream: stream.wireId, priority: stream.priority });
  }

  protected override makeStream(id: number, priority: StreamPriority): CreditStream {
    const isAccepted = this.#acceptedWireId !== noStream;
    const wireId = isAccepted ? this.#acceptedWireId : this.#wireIdNext;
    if (isAccepted) this.#acceptedWireId = noStream;
    else this.#wireIdNext += 2;
    const stream = new CreditStream(this, {
      id,
      wireId,
      priority,
      credit: this.#windowBytes,
      isOpenSent: isAccepted,
    });
    this.#byWireId.set(wireId, stream);
    return stream;
  }

  #write(stream: CreditStream, bytesMax: number): WriteOutcome {
    if (this.closed || !stream.hasOutput) return 'empty';
    if (stream.queue.bytes > 0 && stream.credit === 0) return 'blocked';
    const name = stream.wireId;
    if (!stream.isOpenSent) {
      stream.isOpenSent = true;
      this.sendMessage({ kind: 'open', stream: name, priority: stream.priority });
    }
    const bytes = stream.queue.shift(Math.min(bytesMax, stream.credit));
    if (bytes) {
      stream.credit -= bytes.length;
      this.#written += bytes.length;
      this.sendMessage({ kind: 'data', stream: name, bytes });
      stream.sent(0);
    }
    if (stream.closed || this.closed) return 'empty';
    if (stream.queue.bytes > 0) return 'more';
    if (!stream.endWanted) return 'empty';
    this.sendMessage({ kind: 'end', stream: name });
    stream.endSent();
    if (stream.closed) this.#forget(stream);
    return 'empty';
  }

  #deliver(stream: CreditStream): void {
    while (stream.isReading) {
      const bytes = stream.inbox.shift();
      if (!bytes) break;
      stream.consumed += bytes.length;
      stream.deliverData(bytes);
      if (stream.closed || this.closed) return;
      if (stream.consumed >= this.#windowBytes / 4) this.#giveCredit(stream);
    }
    if (!stream.isReading || stream.inbox.bytes > 0 || !stream.endReceived || stream.readEnded) return;
    stream.deliverEnd();
    if (stream.closed) this.#forget(stream);
  }

  #giveCredit(stream: CreditStream): void {
    const bytes = stream.consumed;
    stream.consumed = 0;
    if (!stream.endReceived) this.sendMessage({ kind: 'credit', stream: stream.wireId, bytes });
  }

  #forget(stream: CreditStream): void {
    this.streams.delete(stream);
    this.#byWireId.delete(stream.wireId);
  }
}

const noStream = -1;
