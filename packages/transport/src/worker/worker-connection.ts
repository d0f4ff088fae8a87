import { CreditConnection, type StreamMessage } from '../core/credit-connection.js';
import type { ConnectionClosed, ConnectionStats } from '../transport.js';
import type { FrameChannel } from './frame-channel.js';
import { encodeJson, FrameType } from './frames.js';
import { type Facts, sendStreamMessage, workerWindowBytes } from './messages.js';

/** What a connection needs of its transport. */
export interface WorkerConnectionOwner {
  readonly channel: FrameChannel;
  /** Has the connection's `flush` called soon. */
  scheduleFlush(connection: WorkerConnection): void;
  /** The connection is over. */
  forget(connection: WorkerConnection): void;
}

/** In the parent: a connection that lives in the worker process. */
export class WorkerConnection extends CreditConnection {
  /** Its name in frames. */
  readonly wireId: number;
  readonly #owner: WorkerConnectionOwner;
  readonly #datagramBytesMax: number;
  #stats: ConnectionStats = { rttMs: undefined, bytesSent: 0, bytesReceived: 0, packetsLost: 0 };

  constructor(owner: WorkerConnectionOwner, wireId: number, role: 'dialer' | 'listener', facts: Facts) {
    const { remoteAddress } = facts;
    const certificateSha256 = Uint8Array.from(Buffer.from(facts.certificateSha256, 'hex'));
    super(
      { transport: 'quic', role, remoteAddress, certificateSha256 },
      { windowBytes: workerWindowBytes, wireIdFirst: 0 },
    );
    this.wireId = wireId;
    this.#owner = owner;
    this.#datagramBytesMax = facts.datagramBytesMax;
  }

  get datagramBytesMax(): number {
    return this.closed ? 0 : this.#datagramBytesMax;
  }

  sendDatagram(bytes: Uint8Array): boolean {
    const { channel } = this.#owner;
    if (bytes.length > this.datagramBytesMax || this.closed || !channel.takesBulk) return false;
    channel.send(FrameType.datagram, this.wireId, 0, bytes);
    return true;
  }

  /** As the worker last told them, at most a second old. */
  stats(): ConnectionStats {
    return this.#stats;
  }

  /** A `stats` frame. */
  handleStats(payload: Buffer): void {
    const rttMs = payload.readDoubleBE(0);
    this.#stats = {
      rttMs: Number.isNaN(rttMs) ? undefined : rttMs,
      bytesSent: payload.readDoubleBE(8),
      bytesReceived: payload.readDoubleBE(16),
      packetsLost: payload.readDoubleBE(24),
    };
  }

  /** A datagram of the peer. */
  handleDatagram(bytes: Uint8Array): void {
    if (!this.closed) this.deliverDatagram(bytes);
  }

  /** The connection is over in the worker, or the worker is. */
  handleClosed(info: ConnectionClosed): void {
    this.#owner.forget(this);
    this.finish(info);
  }

  protected override sendMessage(message: StreamMessage): void {
    sendStreamMessage(this.#owner.channel, this.wireId, message);
  }

  protected override scheduleFlush(): void {
    this.#owner.scheduleFlush(this);
  }

  protected override closeProtocol(code: number, reason: string): void {
    this.#owner.channel.send(FrameType.close, this.wireId, 0, encodeJson({ code, reason }));
    this.#owner.forget(this);
  }
}
