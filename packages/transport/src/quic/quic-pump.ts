import { TransportError } from '../errors.js';
import { packetsPerTurnMax } from '../limits.js';
import type { ConnectionClosed, ConnectionStats, SocketAddress } from '../transport.js';
import { ByteAccount } from './byte-account.js';
import { FormerPaths } from './former-paths.js';
import { LostTail } from './lost-tail.js';
import type { Host, NativeConnection, Quiche } from './native.js';
import type { QuicConnection } from './quic-connection.js';
import type { UdpSocket } from './udp-socket.js';

/** What the pump tells whoever made it. */
export interface PumpHandlers {
  /** The handshake is done. */
  onEstablished(): void;
  /** The connection is over, however it ended; the pump does nothing any more. */
  onOver(info: ConnectionClosed): void;
}

/** Code of a transport-level close for a broken rule (RFC 9000 section 20.1, PROTOCOL_VIOLATION). */
const protocolViolationCode = 10;

/**
 * Moves packets between one quiche connection and a socket, in turns of the event loop: however many packets came in
 * and however often something was written, there is one reading, one writing and one sending.
 */
export class QuicPump {
  readonly quiche: Quiche;
  readonly native: NativeConnection;
  readonly account: ByteAccount;
  /** Set when the handshake is done. */
  connection: QuicConnection | undefined;
  /** A packet has come since this was last reset. */
  heard = false;

  readonly #socket: UdpSocket;
  readonly #formerPaths: FormerPaths;
  readonly #handlers: PumpHandlers;
  #from: Host = { host: '', port: 0 };
  #recvInfo: { from: Host; to: Host };
  #isScheduled = false;
  #isEstablished = false;
  #isOver = false;
  #recvFailed = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = 0;
  #deadlineMs = Number.POSITIVE_INFINITY;
  #keepAlive: NodeJS.Timeout | undefined;
  #heardAtMs = performance.now();
  readonly #lostTail: LostTail = new LostTail({
    rttMs: () => this.stats().rttMs ?? 0,
    ping: () => this.ping(),
  });
  #lastStats: ConnectionStats = { rttMs: undefined, bytesSent: 0, bytesReceived: 0, packetsLost: 0 };

  constructor(quiche: Quiche, native: NativeConnection, socket: UdpSocket, handlers: PumpHandlers) {
    this.quiche = quiche;
    this.native = native;
    this.account = new ByteAccount(performance.now());
    this.#socket = socket;
    this.#formerPaths = new FormerPaths(native, socket);
    this.#handlers = handlers;
    this.#recvInfo = { from: this.#from, to: socket.local };
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** A packet; quiche decrypts it in place. */
  handlePacket(packet: Buffer, from: SocketAddress): void {
    if (this.#isOver) return;
    const isFirst = this.#from.port === 0;
    const hasMoved = from.port !== this.#from.port || from.host !== this.#from.host;
    if (hasMoved) {
      this.#from = { host: from.host, port: from.port };
      this.#recvInfo = { from: this.#from, to: this.#socket.local };
    }
    this.heard = true;
    this.#heardAtMs = performance.now();
    this.account.handlePacket(packet.length);
    try {
      this.native.recv(packet, this.#recvInfo);
    } catch {
      // Garbage is dropped; what ends the connection shows in the turn.
      this.#recvFailed = true;
    }
    if (hasMoved) {
      if (!isFirst) this.#formerPaths.handlePeerMoved(this.#from);
      this.connection?.handlePeerMoved();
    }
    this.connection?.handleChange();
    this.schedule();
  }

  /** Asks for a turn, soon. */
  schedule(): void {
    if (this.#isScheduled || this.#isOver) return;
    this.#isScheduled = true;
    setImmediate(this.#turn);
  }

  /** Sends a ping after so long a silence, so that the idle timeout only sees dead peers. */
  startKeepAlive(afterMs: number): void {
    const arm = (waitMs: number): void => {
      this.#keepAlive = setTimeout(look, Math.max(1, waitMs));
    };
    const look = (): void => {
      const leftMs = this.#heardAtMs + afterMs - performance.now();
      if (leftMs <= 0) this.ping();
      arm(leftMs <= 0 ? afterMs : leftMs);
    };
    arm(afterMs);
  }

  /** Sends something that the peer must answer. */
  ping(): void {
    if (this.#isOver) return;
    this.native.sendAckEliciting();
    this.schedule();
  }

  /** Closes with a code of the application. The pump is over; nobody is told. */
  close(code: number, reason: Uint8Array): void {
    if (this.#isOver) return;
    this.#closeNative(true, code, reason);
    this.#end();
    this.#handlers.onOver({ kind: 'local', code, reason: Buffer.from(reason).toString() });
  }

  /** The connection has ended for a reason quiche doesn't know. */
  lose(error: TransportError): void {
    this.#finish({ kind: 'lost', error });
  }

  /** The peer broke a rule of ours: closes the connection. */
  violate(message: string): void {
    if (this.#isOver) return;
    this.#closeNative(false, protocolViolationCode, Buffer.from(message));
    this.lose(new TransportError('protocol_violation', message));
  }

  stats(): ConnectionStats {
    if (!this.#isOver) this.#readStats();
    return this.#lastStats;
  }

  readonly #turn = (): void => {
    this.#isScheduled = false;
    if (this.#isOver) return;
    if (!this.#isEstablished && this.native.isEstablished()) {
      this.#isEstablished = true;
      this.#handlers.onEstablished();
      if (this.#isOver) return;
    }
    this.connection?.handleTurn();
    if (this.#isOver) return;
    this.#flush();
    this.account.handleTurnEnd();
    this.#checkOver();
    if (!this.#isOver) this.#arm();
  };

  #flush(): void {
    const { native } = this;
    const socket = this.#socket;
    let bytes = 0;
    for (let count = 0; count < packetsPerTurnMax; count++) {
      const sent = sendNext(native, socket);
      if (sent === 0) {
        this.account.handleSent(bytes, count);
        return;
      }
      bytes += sent;
    }
    this.account.handleSent(bytes, packetsPerTurnMax);
    this.schedule();
  }

  #checkOver(): void {
    const { native } = this;
    if (native.isClosed() || native.isDraining()) {
      this.#finish(this.#whyClosed());
      return;
    }
    if (this.#recvFailed) {
      this.#recvFailed = false;
      if (native.localError() !== null) {
        this.#finish(this.#whyClosed());
        return;
      }
    }
    const unread = (): number => this.connection?.countUnreadStreams() ?? 0;
    if (this.account.isExceeded(performance.now(), unread, () => native.stats().recvBytes)) {
      this.violate('the peer sent too many bytes that belong to nothing');
    }
  }

  #whyClosed(): ConnectionClosed {
    const { native } = this;
    const peer = native.peerError();
    if (peer?.isApp)
      return { kind: 'peer', code: peer.errorCode, reason: Buffer.from(peer.reason).toString() };
    const code = this.#isEstablished ? 'protocol_violation' : 'handshake_failed';
    if (peer) {
      const reason = Buffer.from(peer.reason).toString();
      return lost(code, `the peer closed the connection with transport error ${peer.errorCode} ${reason}`);
    }
    const local = native.localError();
    if (local) return lost(code, `the peer broke the protocol, transport error ${local.errorCode}`);
    if (native.isTimedOut())
      return lost('idle_timeout', 'nothing was heard from the peer for the idle timeout');
    return lost('reset', 'the peer does not know the connection any more');
  }

  #finish(info: ConnectionClosed): void {
    if (this.#isOver) return;
    this.#end();
    this.#handlers.onOver(info);
    this.connection?.handleClosed(info);
  }

  #closeNative(isApp: boolean, code: number, reason: Uint8Array): void {
    const { native } = this;
    try {
      native.close(isApp, code, reason);
      // The close is not repeated by quiche, so every packet of it goes out twice.
      for (let count = 0; count < packetsPerTurnMax; count++)
        if (sendNext(native, this.#socket, 2) === 0) break;
    } catch {
      // Already closing.
    }
  }

  #end(): void {
    this.#readStats();
    this.#isOver = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#keepAlive);
    this.#lostTail.stop();
  }

  #readStats(): void {
    const { sentBytes, recvBytes, lost: packetsLost } = this.native.stats();
    const path = this.native.pathStats().find((candidate) => candidate.active);
    const rttMs = this.#isEstablished ? path?.rtt : undefined;
    this.#lastStats = { rttMs, bytesSent: sentBytes, bytesReceived: recvBytes, packetsLost };
  }

  // A timer is only moved forward: when it comes too early, it is set again. That spares one timer per turn.
  #arm(): void {
    const timeoutMs = this.native.timeout();
    if (timeoutMs === null) {
      this.#deadlineMs = Number.POSITIVE_INFINITY;
      return;
    }
    const nowMs = performance.now();
    this.#deadlineMs = nowMs + timeoutMs;
    if (this.connection) {
      const { isHeldUp } = this.connection;
      this.#lostTail.handleTurn({
        nowMs,
        deadlineMs: this.#deadlineMs,
        heardAtMs: this.#heardAtMs,
        isHeldUp,
      });
    }
    if (this.#timer && this.#timerAtMs <= this.#deadlineMs) return;
    clearTimeout(this.#timer);
    this.#setTimer(nowMs);
  }

  #setTimer(nowMs: number): void {
    this.#timerAtMs = this.#deadlineMs;
    this.#timer = setTimeout(this.#handleTimer, Math.max(1, Math.ceil(this.#deadlineMs - nowMs)));
  }

  readonly #handleTimer = (): void => {
    this.#timer = undefined;
    if (this.#isOver || this.#deadlineMs === Number.POSITIVE_INFINITY) return;
    const nowMs = performance.now();
    if (nowMs + 0.5 < this.#deadlineMs) {
      this.#setTimer(nowMs);
      return;
    }
    this.native.onTimeout();
    this.#formerPaths.probe();
    this.connection?.handleChange();
    this.schedule();
  };
}

function sendNext(native: NativeConnection, socket: UdpSocket, copies = 1): number {
  const buffer = socket.packetBuffer();
  let result: ReturnType<NativeConnection['send']>;
  try {
    result = native.send(buffer);
  } catch {
    return 0;
  }
  if (result === null) return 0;
  const [length, info] = result;
  for (let copy = 1; copy < copies; copy++) socket.send(Buffer.from(buffer.subarray(0, length)), info.to);
  socket.sendBuffer(length, info.to);
  return length;
}

function lost(code: ConstructorParameters<typeof TransportError>[0], message: string): ConnectionClosed {
  return { kind: 'lost', error: new TransportError(code, message) };
}
