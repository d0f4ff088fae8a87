import { ChunkQueue } from '../core/chunk-queue.js';
import { StreamCore, type StreamOwner } from '../core/stream-core.js';
import type { StreamPriority } from '../transport.js';
import type { NativeStream } from './native.js';

/** Bytes asked for by the first read: the binding allocates them even while the stream is idle. */
export const readBytesMin = 4096;
/** Bytes asked for at most, when reads come back full. */
export const readBytesMax: number = 256 * 1024;

/** A stream and what the binding knows of it. */
export class QuinnStream extends StreamCore {
  /** Unset until the peer's stream credit allowed to open it. */
  native: NativeStream | undefined;
  /** Its name in control messages: the number among its opener's streams. */
  index = -1;
  readonly isAccepted: boolean;
  /** A place in the queue of streams to open was taken. */
  isOpening = false;
  isWriting = false;
  isReadPending = false;
  /** The peer's end came. */
  endReceived = false;
  /** Reading has failed: the stream was reset (the code comes on the control stream) or the connection is over. */
  isReadBroken = false;
  /** The last read, settled either way. */
  reading: Promise<void> | undefined;
  /** The stream is over, and what still comes is thrown away. */
  isDraining = false;
  /** The stream is over, and so it is for the peer. */
  isOverKnown = false;
  /** Bytes that came after the owner had paused; one read at most. */
  readonly inbox: ChunkQueue = new ChunkQueue();
  /** Bytes the next read asks for. */
  readBytes: number = readBytesMin;

  constructor(
    owner: StreamOwner<StreamCore>,
    options: { id: number; priority: StreamPriority; native: NativeStream | undefined },
  ) {
    super(owner, options.id, options.priority);
    this.native = options.native;
    this.isAccepted = options.native !== undefined;
  }

  /** Large reads for a stream in full flow, small ones for the others. */
  tuneRead(bytesRead: number): void {
    if (bytesRead === this.readBytes) this.readBytes = Math.min(this.readBytes * 4, readBytesMax);
    else if (bytesRead < this.readBytes / 8) this.readBytes = Math.max(this.readBytes / 4, readBytesMin);
  }
}
