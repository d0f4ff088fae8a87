import { StreamCore, type StreamOwner } from '../core/stream-core.js';
import type { StreamPriority } from '../transport.js';

/** A stream of a QUIC connection. */
export class QuicStream extends StreamCore {
  /** QUIC's stream id; undefined until the first bytes of a stream opened here are sent. */
  wireId: number | undefined;
  /** Urgency was set in quiche for this priority. */
  wirePriority: StreamPriority = 'bulk';
  /** Bytes the connection had received when the stream was found waiting, unread; undefined while it is being read. */
  parkedSince: number | undefined;
  /** The peer's end was read while the owner had paused; delivered when it resumes. */
  endPending = false;

  constructor(owner: StreamOwner<StreamCore>, id: number, priority: StreamPriority, wireId?: number) {
    super(owner, id, priority);
    this.wireId = wireId;
  }
}
