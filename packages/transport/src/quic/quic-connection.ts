import { ConnectionCore, type ConnectionFacts } from '../core/connection-core.js';
import type { StreamOwner } from '../core/stream-core.js';
import { WriteRing } from '../core/write-ring.js';
import type { ConnectionClosed, ConnectionStats, StreamPriority } from '../transport.js';
import { renewalDuePaths } from './native.js';
import type { QuicPump } from './quic-pump.js';
import { QuicStream } from './quic-stream.js';
import { readStreams } from './read-streams.js';
import { ResetNotices } from './reset-notices.js';
import { SeenIds } from './seen-ids.js';
import { abortStream, setWirePriority, writeStreams } from './write-streams.js';

/** Largest reason that travels in a close, bytes. */
const reasonBytesMax = 512;

/**
 * An open QUIC connection: streams and datagrams on top of a {@link QuicPump}, which owns packets and timers and
 * calls {@link handleTurn} once per turn.
 */
export class QuicConnection extends ConnectionCore<QuicStream> implements StreamOwner<QuicStream> {
  readonly pump: QuicPump;
  /** Streams with a QUIC id that are not over. */
  readonly streamsByWireId: Map<number, QuicStream> = new Map();
  /** Streams with something to write. */
  readonly ring: WriteRing<QuicStream> = new WriteRing();
  /** Streams opened here that wait until the peer grants more. */
  readonly awaitingGrant: Set<QuicStream> = new Set();
  /** Wire ids of streams that are over here and whose end has not been handed over yet. */
  readonly endsOwed: Set<number> = new Set();
  /** Streams that were resumed and whose end waits. */
  readonly endsDue: Set<QuicStream> = new Set();
  readonly seenPeerIds: SeenIds = new SeenIds();
  readonly resetNotices: ResetNotices = new ResetNotices(this);
  /** Sequence number of the next stream opened here. */
  wireSequenceNext = 0;
  /** Something may be readable: packets came, or a stream was resumed. */
  readDue = true;

  constructor(facts: ConnectionFacts, pump: QuicPump) {
    super(facts);
    this.pump = pump;
  }

  get datagramBytesMax(): number {
    return this.closed ? 0 : (this.pump.native.dgramMaxWritableLen() ?? 0);
  }

  sendDatagram(bytes: Uint8Array): boolean {
    if (this.closed || bytes.length > this.datagramBytesMax) return false;
    try {
      if (this.pump.native.isDgramSendQueueFull()) return false;
      if (this.pump.native.dgramSend(bytes) === null) return false;
    } catch {
      return false;
    }
    this.pump.account.handleWritten(bytes.length);
    this.pump.schedule();
    return true;
  }

  stats(): ConnectionStats {
    return this.pump.stats();
  }

  /** A dialer has bytes that the peer grants no room for. */
  get isHeldUp(): boolean {
    return this.role === 'dialer' && this.ring.hasBlocked;
  }

  /** Streams that may hold bytes that came and were not read: paused, waiting for their turn, or behind a gap in what came. */
  countUnreadStreams(): number {
    let count = 0;
    for (const stream of this.streamsByWireId.values()) if (!stream.readEnded) count++;
    return count;
  }

  /** Packets came or time passed: everything may be tried again. */
  handleChange(): void {
    this.readDue = true;
    this.ring.unblock();
  }

  /** A packet came from another address than the one before: each new address takes one of the connection's paths. */
  handlePeerMoved(): void {
    if (this.role === 'listener' && this.pump.native.stats().pathsCount >= renewalDuePaths) this.renewalDue();
  }

  /** Reads and writes whatever can be; part of a turn. */
  handleTurn(): void {
    this.readDatagrams();
    if (!this.closed) readStreams(this);
    if (!this.closed) writeStreams(this);
  }

  /** Whether the id is of a stream that the peer may open and has not yet. */
  isUnseen(wireId: number): boolean {
    const isPeers = (wireId & 1) === (this.role === 'dialer' ? 1 : 0);
    return isPeers && (wireId & 2) === 0 && !this.seenPeerIds.has(Math.floor(wireId / 4));
  }

  /** Bytes of a stream the peer opened. */
  acceptWireStream(wireId: number): QuicStream {
    const stream = this.acceptStream();
    stream.wireId = wireId;
    this.streamsByWireId.set(wireId, stream);
    return stream;
  }

  /** See `ConnectionCore.announce`. */
  override announce(stream: QuicStream): void {
    super.announce(stream);
  }

  /** A stream is over, whatever the reason: forget it. */
  forget(stream: QuicStream): void {
    this.streams.delete(stream);
    this.awaitingGrant.delete(stream);
    this.endsDue.delete(stream);
    this.resetNotices.forget(stream);
    if (stream.wireId !== undefined) this.streamsByWireId.delete(stream.wireId);
  }

  streamWantsWrite(stream: QuicStream): void {
    if (!this.awaitingGrant.has(stream)) this.ring.add(stream);
    this.pump.schedule();
  }

  streamWantsRead(stream: QuicStream): void {
    if (stream.endPending) this.endsDue.add(stream);
    this.readDue = true;
    this.pump.schedule();
  }

  streamWasReset(stream: QuicStream, code: number): void {
    abortStream(this, stream, code);
    this.forget(stream);
    this.pump.schedule();
  }

  streamPriorityChanged(stream: QuicStream): void {
    this.ring.move(stream);
    setWirePriority(this, stream);
  }

  /** The pump tells why the connection is over. */
  handleClosed(info: ConnectionClosed): void {
    this.#forgetAll();
    this.finish(info);
  }

  protected override makeStream(id: number, priority: StreamPriority): QuicStream {
    return new QuicStream(this, id, priority);
  }

  protected override closeProtocol(code: number, reason: string): void {
    this.#forgetAll();
    this.pump.close(code, Buffer.from(reason).subarray(0, reasonBytesMax));
  }

  private readDatagrams(): void {
    const { native } = this.pump;
    while (!this.closed && native.dgramRecvQueueLen() > 0) {
      const bytes = native.dgramRecvVec();
      if (bytes === null) return;
      this.pump.account.handleRead(bytes.length);
      this.deliverDatagram(bytes);
    }
  }

  #forgetAll(): void {
    this.ring.clear();
    this.streamsByWireId.clear();
    this.awaitingGrant.clear();
    this.endsOwed.clear();
    this.endsDue.clear();
  }
}
