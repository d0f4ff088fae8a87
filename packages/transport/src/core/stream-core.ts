import { streamBufferBytesMax } from '../limits.js';
import type { Stream, StreamClosed, StreamHandlers, StreamPriority } from '../transport.js';
import { ChunkQueue } from './chunk-queue.js';
import { checkCode, heardCode } from './codes.js';

/** What a stream asks of the connection it belongs to; none of these calls back into the stream's owner. */
export interface StreamOwner<S> {
  /** Bytes or an end are waiting in the stream. */
  streamWantsWrite(stream: S): void;
  /** The stream has begun to take bytes (started or resumed). */
  streamWantsRead(stream: S): void;
  /** The stream was reset by its owner; it is already closed. */
  streamWasReset(stream: S, code: number): void;
  /** The priority was changed. */
  streamPriorityChanged(stream: S): void;
}

/**
 * The half of a stream that is the same for every protocol: the send queue, back-pressure, hand-over and the life
 * cycle. Protocols feed it (`deliver…`, `finish`) and take from it (`queue`, `sent`, `endSent`).
 *
 * Life: each direction is open, then ended (`writeEnded` when the end was handed to the protocol, `readEnded` when
 * `onEnd` was called). `finish` is called once, by the protocol or when both directions have ended.
 */
export class StreamCore implements Stream {
  readonly id: number;
  /** Bytes not yet handed to the protocol. */
  readonly queue: ChunkQueue = new ChunkQueue();
  /** `end` was called. */
  endWanted = false;
  /** The end was handed to the protocol. */
  writeEnded = false;
  /** The peer's end was delivered. */
  readEnded = false;
  /** Set once the stream is over. */
  closed: StreamClosed | undefined;

  readonly #owner: StreamOwner<this>;
  #priority: StreamPriority;
  #handlers: StreamHandlers | undefined;
  #paused = false;
  #drainWanted = false;
  #drainDue = false;
  #closedTold = false;

  constructor(owner: StreamOwner<StreamCore>, id: number, priority: StreamPriority) {
    this.#owner = owner as StreamOwner<this>;
    this.id = id;
    this.#priority = priority;
  }

  get priority(): StreamPriority {
    return this.#priority;
  }

  set priority(priority: StreamPriority) {
    if (priority === this.#priority) return;
    this.#priority = priority;
    if (!this.closed) this.#owner.streamPriorityChanged(this);
  }

  get bufferedBytes(): number {
    return this.queue.bytes;
  }

  /** True when bytes may be delivered now. */
  get isReading(): boolean {
    return this.#handlers !== undefined && !this.#paused && !this.closed;
  }

  /** True when something waits to be handed to the protocol. */
  get hasOutput(): boolean {
    return !this.closed && (this.queue.bytes > 0 || (this.endWanted && !this.writeEnded));
  }

  start(handlers: StreamHandlers): void {
    this.#handlers = handlers;
    if (this.closed) {
      if (!this.#closedTold) queueMicrotask(() => this.#tellClosed());
      return;
    }
    if (this.#drainDue) queueMicrotask(() => this.#tellDrain());
    if (!this.#paused) this.#owner.streamWantsRead(this);
  }

  write(bytes: Uint8Array): boolean {
    if (this.closed || this.endWanted) return false;
    if (bytes.length > 0) {
      this.queue.push(bytes);
      this.#owner.streamWantsWrite(this);
    }
    if (this.queue.bytes < streamBufferBytesMax) return true;
    this.#drainWanted = true;
    return false;
  }

  end(): void {
    if (this.closed || this.endWanted) return;
    this.endWanted = true;
    this.#owner.streamWantsWrite(this);
  }

  reset(code: number): void {
    checkCode(code);
    if (this.closed) return;
    this.closed = { kind: 'reset', code, local: true };
    this.#owner.streamWasReset(this, code);
    this.queue.clear();
    queueMicrotask(() => this.#tellClosed());
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (!this.closed && this.#handlers) this.#owner.streamWantsRead(this);
  }

  /** The protocol took bytes from the front of the queue. */
  sent(count: number): void {
    if (count > 0) this.queue.drop(count);
    if (this.#drainWanted && this.queue.bytes < streamBufferBytesMax / 2) {
      this.#drainWanted = false;
      this.#drainDue = true;
      this.#tellDrain();
    }
  }

  /** The protocol took the end. */
  endSent(): void {
    this.writeEnded = true;
    if (this.readEnded) this.finish({ kind: 'done' });
  }

  /** Bytes from the peer; only while {@link isReading}. */
  deliverData(bytes: Uint8Array): void {
    this.#handlers!.onData(bytes);
  }

  /** The peer's end, after all its bytes; only while {@link isReading}. */
  deliverEnd(): void {
    if (this.readEnded) return;
    this.readEnded = true;
    this.#handlers!.onEnd();
    if (this.writeEnded) this.finish({ kind: 'done' });
  }

  /** The stream is over. */
  finish(reason: StreamClosed): void {
    if (this.closed) return;
    this.closed = reason.kind === 'reset' ? { ...reason, code: heardCode(reason.code) } : reason;
    this.queue.clear();
    this.#tellClosed();
  }

  #tellDrain(): void {
    if (!this.#drainDue || !this.#handlers || this.closed) return;
    this.#drainDue = false;
    this.#handlers.onDrain();
  }

  #tellClosed(): void {
    if (this.#closedTold || !this.#handlers || !this.closed) return;
    this.#closedTold = true;
    this.#handlers.onClosed(this.closed);
  }
}
