import type { CreditStream, StreamMessage } from '../core/credit-connection.js';

/** Data below this size is not kept on its own while nobody reads, bytes. */
const smallBytes = 2048;
/** Small pieces that are copied together. */
const piecesMax = 64;
/** Streams that may be over before the ledger forgets them. */
const overMax = 64;

/** What a stream may do, and what came for it. */
interface Entry {
  readonly stream: CreditStream;
  /** The peer may send so many bytes more. */
  windowBytes: number;
  /** A stream of ours counts among those the peer has granted. */
  isAdmitted: boolean;
  /** Small pieces of data that nobody reads yet, after what is in the stream's inbox. */
  parked: Uint8Array[];
}

/** Frames about a stream. */
type StreamFrame =
  | Exclude<StreamMessage, { kind: 'open' | 'priority' }>
  | { readonly kind: 'open'; readonly stream: number };

/** `pass` the frame on; `done`: nothing more to do; or the peer broke the rules. */
type Verdict = 'pass' | 'done' | { readonly violation: string };

/**
 * Holds the peer to the rules for streams: ids, windows, the number of open streams; and keeps ours waiting until the peer has
 * granted them. Parked data costs about as much memory as it has bytes, however small the peer cuts it.
 */
export class StreamLedger {
  readonly #entries: Map<number, Entry> = new Map();
  /** Streams of ours beyond what the peer has granted, with something to say. */
  readonly #waiting: Set<Entry> = new Set();
  readonly #ownParity: 0 | 1;
  readonly #windowBytes: number;
  readonly #streamsMax: number;
  /** Streams of ours that count, until the peer says that they are over. */
  #admitted = 0;
  /** Streams of the peer that count, until we say that they are over. */
  #peerStreams = 0;
  #ownIdNext: number;

  constructor(options: {
    readonly wireIdFirst: 0 | 1;
    readonly windowBytes: number;
    readonly streamsMax: number;
  }) {
    this.#ownParity = options.wireIdFirst;
    this.#ownIdNext = options.wireIdFirst;
    this.#windowBytes = options.windowBytes;
    this.#streamsMax = options.streamsMax;
  }

  /** A new stream, of ours or of the peer. */
  add(stream: CreditStream): void {
    const isOurs = this.#isOurs(stream.wireId);
    if (isOurs) this.#ownIdNext = stream.wireId + 2;
    else this.#peerStreams++;
    this.#entries.set(stream.wireId, {
      stream,
      windowBytes: this.#windowBytes,
      isAdmitted: !isOurs,
      parked: [],
    });
  }

  /** True when a stream of ours may be made known to the peer now; otherwise {@link takeAdmitted} tells when. */
  admit(stream: CreditStream): boolean {
    const entry = this.#entries.get(stream.wireId);
    if (!entry) return false;
    if (entry.isAdmitted) return true;
    this.#waiting.add(entry);
    if (this.#admitted >= this.#streamsMax) return false;
    this.#admitNow(entry);
    return true;
  }

  /** So many streams of ours are over for the peer too; false when there were not as many. */
  grant(count: number): boolean {
    this.#admitted -= count;
    return this.#admitted >= 0;
  }

  /** The streams that may be made known now. */
  takeAdmitted(): CreditStream[] {
    const streams: CreditStream[] = [];
    for (const entry of this.#waiting) {
      if (this.#admitted >= this.#streamsMax) break;
      this.#admitNow(entry);
      streams.push(entry.stream);
    }
    return streams;
  }

  /** Our owner has reset a stream; one the peer has not heard of counts no more. */
  handleReset(stream: CreditStream): void {
    const entry = this.#entries.get(stream.wireId);
    if (!entry) return;
    this.#waiting.delete(entry);
    if (!stream.isOpenSent && entry.isAdmitted) this.#admitted--;
    entry.parked = [];
  }

  /** Credit that goes to the peer. */
  credit(wireId: number, bytes: number): void {
    const entry = this.#entries.get(wireId);
    if (entry) entry.windowBytes += bytes;
  }

  /** The stream's owner reads again. */
  unpark(stream: CreditStream): void {
    const entry = this.#entries.get(stream.wireId);
    if (entry) unpark(entry);
  }

  /** A frame of the peer. */
  handle(frame: StreamFrame): Verdict {
    const entry = this.#entries.get(frame.stream);
    if (frame.kind === 'open') return this.#handleOpen(frame.stream, entry);
    if (!entry) {
      const isInvented = this.#isOurs(frame.stream) && frame.stream >= this.#ownIdNext;
      return isInvented ? { violation: 'a frame for a stream that was never opened' } : 'done';
    }
    const { stream } = entry;
    switch (frame.kind) {
      case 'data':
        return this.#handleData(entry, frame.bytes);
      case 'end':
        if (stream.endReceived) return { violation: 'a second end of a stream' };
        unpark(entry);
        return 'pass';
      case 'credit':
        if (frame.bytes === 0 || stream.credit + frame.bytes > this.#windowBytes)
          return { violation: 'credit for bytes that were not sent' };
        return 'pass';
      case 'reset':
        entry.parked = [];
        return 'pass';
    }
  }

  /**
   * Forgets streams that are over, now and then.
   * @param openCount streams that are not over
   * @returns how many of the peer's streams it may open again
   */
  collectOver(openCount: number): number {
    if (this.#entries.size - openCount < overMax) return 0;
    let over = 0;
    for (const [wireId, { stream }] of this.#entries) {
      if (!stream.closed) continue;
      this.#entries.delete(wireId);
      if (!this.#isOurs(wireId)) over++;
    }
    this.#peerStreams -= over;
    return over;
  }

  #handleOpen(wireId: number, entry: Entry | undefined): Verdict {
    if (this.#isOurs(wireId)) return { violation: 'the peer opens a stream with an id of ours' };
    if (entry) return { violation: 'a stream is opened twice' };
    if (this.#peerStreams >= this.#streamsMax)
      return { violation: 'the peer opens more streams than it may' };
    return 'pass';
  }

  #handleData(entry: Entry, bytes: Uint8Array): Verdict {
    const { stream } = entry;
    entry.windowBytes -= bytes.length;
    if (entry.windowBytes < 0) return { violation: 'more data than there was credit for' };
    if (stream.endReceived) return { violation: 'data after the end of a stream' };
    if (stream.closed) return 'done';
    if (stream.isReading || bytes.length >= smallBytes) {
      unpark(entry);
      return 'pass';
    }
    entry.parked.push(bytes);
    if (entry.parked.length >= piecesMax) unpark(entry);
    return 'done';
  }

  #admitNow(entry: Entry): void {
    this.#waiting.delete(entry);
    entry.isAdmitted = true;
    this.#admitted++;
  }

  #isOurs(wireId: number): boolean {
    return (wireId & 1) === this.#ownParity;
  }
}

/** Moves what is parked to the stream's inbox, as one piece. */
function unpark(entry: Entry): void {
  if (entry.parked.length === 0) return;
  const { parked } = entry;
  entry.parked = [];
  entry.stream.inbox.push(Buffer.concat(parked));
}
