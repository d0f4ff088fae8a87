import type { QuicConnection } from './quic-connection.js';
import type { QuicStream } from './quic-stream.js';
import { handlePeerReset } from './write-streams.js';

/** The first unidirectional stream of dialer and listener (RFC 9000 section 2.1). */
const wireIds = { dialer: 2, listener: 3 } as const;

/** Window of the stream that carries the notices, bytes. */
export const noticesWindowBytes: number = 64 * 1024;

/** Wire id of the stream (8 bytes) and code (8 bytes), both big-endian. */
const noticeBytes = 16;

/**
 * Notices that wait for their stream, streams that wait for their notice, and notices that wait to be sent, each: four times as many as an honest
 * peer can have by default (4,096 streams at once in each direction), 256 KiB of notices.
 */
const waitingMax = 16_384;

const scratch = Buffer.allocUnsafeSlow(4096);
const nothing = Buffer.alloc(0);

/**
 * Tells the peer which streams were reset, and with what code, on a unidirectional stream of its own that never ends: quiche 0.18 may forget a
 * stream, and with it a RESET_STREAM that was lost, as soon as the stream's bytes are acknowledged. A notice may come before its stream's first bytes.
 */
export class ResetNotices {
  readonly #connection: QuicConnection;
  readonly #early: Map<number, number> = new Map();
  /** Streams whose last byte says that they were reset, and whose code is still to come. */
  readonly #awaiting: Set<QuicStream> = new Set();
  #outgoing: Buffer[] = [];
  #incoming: Buffer = Buffer.alloc(0);
  #isOpen = false;
  /** The stream is there in quiche. */
  #isMade = false;

  constructor(connection: QuicConnection) {
    this.#connection = connection;
  }

  /** Queues a notice; the next turn sends it. */
  add(wireId: number, code: number): void {
    const notice = Buffer.alloc(noticeBytes);
    notice.writeBigUInt64BE(BigInt(wireId), 0);
    notice.writeBigUInt64BE(BigInt(code), 8);
    this.#outgoing.push(notice);
  }

  /** Sends what waits; part of a turn. */
  write(): void {
    if (this.#outgoing.length === 0) return;
    const { pump, role } = this.#connection;
    const bytes = Buffer.concat(this.#outgoing);
    try {
      const count = pump.native.streamSend(wireIds[role], bytes, false) ?? 0;
      pump.account.handleWritten(count);
      this.#outgoing = count < bytes.length ? [bytes.subarray(count)] : [];
      if (!this.#isOpen) pump.native.streamPriority(wireIds[role], 0, true);
      this.#isOpen = true;
      if (bytes.length - count > waitingMax * noticeBytes)
        pump.violate('the peer does not read what was reset');
    } catch {
      this.#outgoing = []; // The peer grants no such stream, or has stopped reading it.
    }
  }

  /**
   * Whether the connection takes no bytes of any stream now, which quiche tells of a stream only: this one's window is practically never used up.
   * False when that can't be told.
   */
  get isConnectionFull(): boolean {
    const { pump, role } = this.#connection;
    try {
      if (!this.#isMade) pump.native.streamSend(wireIds[role], nothing, false);
      this.#isMade = true;
      return pump.native.streamCapacity(wireIds[role]) === 0;
    } catch {
      return false; // The peer grants no such stream, or has stopped reading it.
    }
  }

  /** Whether the readable stream is the peer's with the notices. */
  isFor(wireId: number): boolean {
    return wireId === wireIds[this.#connection.role === 'dialer' ? 'listener' : 'dialer'];
  }

  /** Reads the peer's notices. */
  read(wireId: number): void {
    const { native, account } = this.#connection.pump;
    for (;;) {
      let result: [number, boolean] | null;
      try {
        result = native.streamRecv(wireId, scratch);
      } catch {
        return; // The peer reset it: there will be no notices any more.
      }
      if (result === null || result[0] === 0) return;
      account.handleRead(result[0]);
      this.#incoming = Buffer.concat([this.#incoming, scratch.subarray(0, result[0])]);
      while (this.#incoming.length >= noticeBytes) {
        const id = Number(this.#incoming.readBigUInt64BE(0));
        const code = Number(this.#incoming.readBigUInt64BE(8));
        this.#incoming = this.#incoming.subarray(noticeBytes);
        this.#handleNotice(id, code);
        if (this.#connection.closed) return;
      }
    }
  }

  /** The stream ended with the mark of a reset; its notice may be behind. */
  await(stream: QuicStream): void {
    if (this.#awaiting.size >= waitingMax)
      this.#connection.pump.violate('too many resets without their notice');
    else this.#awaiting.add(stream);
  }

  /** The stream is over. */
  forget(stream: QuicStream): void {
    this.#awaiting.delete(stream);
  }

  /** A stream of the peer was announced; its notice may already be here. */
  handleNewStream(stream: QuicStream): void {
    const code = this.#early.get(stream.wireId!);
    if (code === undefined) return;
    this.#early.delete(stream.wireId!);
    handlePeerReset(this.#connection, stream, code);
  }

  #handleNotice(wireId: number, code: number): void {
    const connection = this.#connection;
    const stream = connection.streamsByWireId.get(wireId);
    if (stream !== undefined) handlePeerReset(connection, stream, code);
    else if (!connection.isUnseen(wireId)) return;
    else if (this.#early.size >= waitingMax)
      connection.pump.violate('too many notices of streams never seen');
    else this.#early.set(wireId, code);
  }
}
