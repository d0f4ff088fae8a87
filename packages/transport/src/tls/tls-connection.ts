import type { TLSSocket } from 'node:tls';
import type { ConnectionFacts } from '../core/connection-core.js';
import { CreditConnection, type CreditStream, type StreamMessage } from '../core/credit-connection.js';
import { TransportError } from '../errors.js';
import { streamWindowBytesMax, tlsAnswerBytesMax, tlsStreamsMax } from '../limits.js';
import type { ConnectionClosed, ConnectionStats, StreamPriority } from '../transport.js';
import { FrameReader } from './frame-reader.js';
import { FrameWriter } from './frame-writer.js';
import type { Frame } from './frames.js';
import { Liveness, type LivenessTimes } from './liveness.js';
import { StreamLedger } from './stream-ledger.js';

/** Milliseconds a closed connection waits for the peer to take its last word. */
const lingerMs = 1000;

/** What a connection tells its transport. */
export interface TlsConnectionOwner {
  /** Of a listener's: the dialer has accepted the certificate, so the connection is open. */
  onOpen?(): void;
  /** The connection is closed; its socket may still be saying so. */
  onClosed(): void;
}

/**
 * A connection whose streams share one TLS socket, as frames (see `frames.ts`). The socket is always read, so a stream that nobody
 * reads holds nobody else back: its peer runs out of credit. Towards the socket one buffer of
 * {@link tlsWriteBufferBytes} is waiting, so control has at most that before it, and what the system's own buffer holds.
 */
export class TlsConnection extends CreditConnection {
  readonly datagramBytesMax = 0;
  readonly #socket: TLSSocket;
  readonly #owner: TlsConnectionOwner;
  readonly #reader = new FrameReader();
  readonly #writer = new FrameWriter();
  readonly #ledger: StreamLedger;
  readonly #liveness: Liveness;
  #isOpen: boolean;
  #isScheduled = false;
  /** Buffers given to the socket and not yet taken by the system. */
  #writing = 0;
  #bytesSent = 0;
  #bytesReceived = 0;
  #socketError: Error | undefined;

  constructor(facts: ConnectionFacts, socket: TLSSocket, times: LivenessTimes, owner: TlsConnectionOwner) {
    const wireIdFirst = facts.role === 'dialer' ? 0 : 1;
    super(facts, { windowBytes: streamWindowBytesMax, wireIdFirst });
    this.#socket = socket;
    this.#owner = owner;
    this.#isOpen = facts.role === 'dialer';
    this.#ledger = new StreamLedger({
      wireIdFirst,
      streamsMax: tlsStreamsMax,
      windowBytes: streamWindowBytesMax,
    });
    this.#liveness = new Liveness(times, {
      ping: (token) => this.#send({ kind: 'ping', token }),
      silent: () => this.#lose('idle_timeout', 'nothing was heard for the idle timeout'),
    });
    socket.on('data', (chunk: Buffer) => this.#handleChunk(chunk));
    socket.on('error', (error) => {
      this.#socketError = error;
    });
    socket.on('close', () => this.#handleSocketClosed());
    if (this.#isOpen) this.#liveness.ping();
  }

  sendDatagram(): boolean {
    return false;
  }

  stats(): ConnectionStats {
    const { rttMs } = this.#liveness;
    return { rttMs, bytesSent: this.#bytesSent, bytesReceived: this.#bytesReceived, packetsLost: 0 };
  }

  /** Ends the connection without a word to the peer. */
  destroy(error: TransportError): void {
    this.#over({ kind: 'lost', error });
  }

  override streamWantsWrite(stream: CreditStream): void {
    if (stream.isOpenSent || this.#ledger.admit(stream)) super.streamWantsWrite(stream);
  }

  override streamWantsRead(stream: CreditStream): void {
    this.#ledger.unpark(stream);
    super.streamWantsRead(stream);
    // It may be over now, and the peer may open another one.
    if (stream.endReceived) this.scheduleFlush();
  }

  override streamWasReset(stream: CreditStream, code: number): void {
    this.#ledger.handleReset(stream);
    super.streamWasReset(stream, code);
    for (const next of this.#ledger.takeAdmitted()) super.streamWantsWrite(next);
  }

  protected override makeStream(id: number, priority: StreamPriority): CreditStream {
    const stream = super.makeStream(id, priority);
    this.#ledger.add(stream);
    return stream;
  }

  protected override sendMessage(message: StreamMessage): void {
    // The priority is each end's own business.
    if (message.kind === 'priority') return;
    if (message.kind === 'credit') this.#ledger.credit(message.stream, message.bytes);
    this.#send(message);
  }

  protected override scheduleFlush(): void {
    if (this.#isScheduled || this.closed || this.#writing > 0) return;
    this.#isScheduled = true;
    process.nextTick(this.#pump);
  }

  protected override closeProtocol(code: number, reason: string): void {
    this.#liveness.stop();
    this.#writer.clear();
    this.#writer.write({ kind: 'close', code, reason });
    this.#writeOut();
    // What still comes is read and forgotten: a socket that is closed with unread bytes takes back its last word.
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), lingerMs);
    this.#socket.once('close', () => clearTimeout(timer));
    this.#owner.onClosed();
  }

  #handleChunk(chunk: Buffer): void {
    if (this.closed) return;
    this.#bytesReceived += chunk.length;
    this.#liveness.heard();
    this.#reader.handleChunk(chunk);
    while (!this.closed) {
      const frame = this.#pollFrame();
      if (!frame) break;
      this.#handleFrame(frame);
    }
    if (this.closed) return;
    const over = this.#ledger.collectOver(this.streams.size);
    if (over > 0) this.#send({ kind: 'streams', count: over });
    if (this.#writer.answerBytes > tlsAnswerBytesMax)
      this.#violation("the peer doesn't read what it asks for");
  }

  #pollFrame(): Frame | undefined {
    try {
      return this.#reader.pollFrame();
    } catch (thrown) {
      this.#over({ kind: 'lost', error: TransportError.from(thrown) });
      return undefined;
    }
  }

  #handleFrame(frame: Frame): void {
    if (!this.#isOpen) {
      if (frame.kind !== 'ping') {
        this.#violation('the first frame is no ping');
        return;
      }
      this.#isOpen = true;
      this.#owner.onOpen?.();
    }
    switch (frame.kind) {
      case 'close':
        this.#over({ kind: 'peer', code: frame.code, reason: frame.reason });
        break;
      case 'ping':
        this.#send({ kind: 'pong', token: frame.token });
        if (this.role === 'listener') this.#liveness.ping();
        break;
      case 'pong':
        this.#liveness.handlePong(frame.token);
        break;
      case 'streams':
        if (!this.#ledger.grant(frame.count)) this.#violation('more streams are over than were opened');
        for (const stream of this.#ledger.takeAdmitted()) super.streamWantsWrite(stream);
        break;
      default:
        this.#handleStreamFrame(frame);
    }
  }

  #handleStreamFrame(
    frame: Exclude<StreamMessage, { kind: 'priority' | 'open' }> | { kind: 'open'; stream: number },
  ): void {
    const verdict = this.#ledger.handle(frame);
    if (verdict === 'pass')
      this.handleMessage(frame.kind === 'open' ? { ...frame, priority: 'bulk' } : frame);
    else if (verdict !== 'done') this.#violation(verdict.violation);
  }

  #send(frame: Frame): void {
    this.#writer.write(frame);
    this.scheduleFlush();
  }

  readonly #pump = (): void => {
    this.#isScheduled = false;
    if (this.closed || this.#writing > 0) return;
    // One buffer, if there are few streams: Node copies several into one before it encrypts them.
    this.flush(this.#writer.dataRoom);
    const over = this.#ledger.collectOver(this.streams.size);
    if (over > 0) this.#writer.write({ kind: 'streams', count: over });
    if (!this.closed) this.#writeOut();
  };

  /** One write at a time: what comes meanwhile goes together in the next, where Node would make each a TLS record of its own. */
  #writeOut(): void {
    const buffers = this.#writer.takeBuffers();
    if (buffers.length > 1) this.#socket.cork();
    for (const buffer of buffers) {
      this.#writing++;
      this.#bytesSent += buffer.length;
      this.#socket.write(buffer, (error) => {
        if (error) return;
        FrameWriter.release(buffer);
        this.#writing--;
        if (!this.#isScheduled) this.#pump();
      });
    }
    if (buffers.length > 1) this.#socket.uncork();
  }

  #violation(text: string): void {
    this.#lose('protocol_violation', text);
  }

  #lose(code: 'protocol_violation' | 'idle_timeout', text: string): void {
    this.#over({ kind: 'lost', error: new TransportError(code, text) });
  }

  #handleSocketClosed(): void {
    const cause = this.#socketError;
    const text = cause
      ? `the connection broke: ${cause.message}`
      : 'the peer ended the connection without a word';
    this.#over({ kind: 'lost', error: new TransportError('reset', text, { cause }) });
  }

  #over(info: ConnectionClosed): void {
    if (this.closed) return;
    this.#liveness.stop();
    this.#writer.clear();
    this.#socket.destroy();
    this.#owner.onClosed();
    this.finish(info);
  }
}
