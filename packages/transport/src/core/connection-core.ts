import { TransportError } from '../errors.js';
import type {
  Connection,
  ConnectionClosed,
  ConnectionHandlers,
  ConnectionStats,
  SocketAddress,
  Stream,
  StreamPriority,
  TransportName,
} from '../transport.js';
import { checkCode, heardCode } from './codes.js';
import type { StreamCore } from './stream-core.js';

/** Datagrams kept for an owner that has not called `start` yet. */
const waitingDatagramsMax = 64;

/** What is known of a connection when it opens. */
export interface ConnectionFacts {
  readonly transport: TransportName;
  readonly role: 'dialer' | 'listener';
  readonly remoteAddress: SocketAddress;
  readonly certificateSha256: Uint8Array;
}

/**
 * The half of a connection that is the same for every protocol: hand-over, the closing event, and that every stream
 * ends with its connection.
 */
export abstract class ConnectionCore<S extends StreamCore> implements Connection {
  readonly transport: TransportName;
  readonly role: 'dialer' | 'listener';
  readonly remoteAddress: SocketAddress;
  readonly certificateSha256: Uint8Array;
  /** Set once the connection is closed. */
  closed: ConnectionClosed | undefined;
  /** Every stream that is not over. */
  protected readonly streams: Set<S> = new Set();

  #handlers: ConnectionHandlers | undefined;
  #waitingStreams: S[] = [];
  #waitingDatagrams: Uint8Array[] = [];
  #renewal: 'not due' | 'due' | 'told' = 'not due';
  #closedTold = false;
  #streamIdNext = 0;

  protected constructor(facts: ConnectionFacts) {
    this.transport = facts.transport;
    this.role = facts.role;
    this.remoteAddress = facts.remoteAddress;
    this.certificateSha256 = facts.certificateSha256;
  }

  abstract readonly datagramBytesMax: number;
  abstract sendDatagram(bytes: Uint8Array): boolean;
  abstract stats(): ConnectionStats;
  /** Makes the protocol's stream; `closed` was checked. */
  protected abstract makeStream(id: number, priority: StreamPriority): S;
  /** Closes the protocol's side; called once, before the owners are told. */
  protected abstract closeProtocol(code: number, reason: string): void;

  start(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
    const streams = this.#waitingStreams;
    const datagrams = this.#waitingDatagrams;
    this.#waitingStreams = [];
    this.#waitingDatagrams = [];
    queueMicrotask(() => {
      for (const stream of streams) this.#handlers!.onStream(stream);
      for (const datagram of datagrams) this.#handlers!.onDatagram?.(datagram);
      this.#tellRenewal();
      this.#tellClosed();
    });
  }

  openStream(options: { readonly priority?: StreamPriority } = {}): Stream {
    if (this.closed) throw new TransportError('closed', 'the connection is closed');
    const stream = this.makeStream(this.#streamIdNext++, options.priority ?? 'bulk');
    this.streams.add(stream);
    return stream;
  }

  close(code: number, reason: string): void {
    checkCode(code);
    if (this.closed) return;
    this.closed = { kind: 'local', code, reason };
    this.closeProtocol(code, reason);
    queueMicrotask(() => this.#end(new TransportError('closed', `the connection was closed: ${reason}`)));
  }

  /** A stream the peer opened. */
  protected acceptStream(): S {
    const stream = this.makeStream(this.#streamIdNext++, 'bulk');
    this.streams.add(stream);
    return stream;
  }

  /** Tells the owner of a stream made by {@link acceptStream}. */
  protected announce(stream: S): void {
    if (this.#handlers) this.#handlers.onStream(stream);
    else this.#waitingStreams.push(stream);
  }

  /** A datagram from the peer. */
  protected deliverDatagram(bytes: Uint8Array): void {
    if (this.#handlers) this.#handlers.onDatagram?.(bytes);
    else if (this.#waitingDatagrams.length < waitingDatagramsMax) this.#waitingDatagrams.push(bytes);
  }

  /** The connection should be replaced by another one soon; further calls do nothing. */
  renewalDue(): void {
    if (this.#renewal !== 'not due') return;
    this.#renewal = 'due';
    this.#tellRenewal();
  }

  /** The peer closed the connection, or it broke. */
  protected finish(info: ConnectionClosed): void {
    if (this.closed) return;
    this.closed = info.kind === 'peer' ? { ...info, code: heardCode(info.code) } : info;
    this.#end(
      info.kind === 'lost'
        ? info.error
        : new TransportError(
            'closed',
            `the peer closed the connection with code ${info.code}: ${info.reason}`,
          ),
    );
  }

  #end(error: TransportError): void {
    for (const stream of this.streams) stream.finish({ kind: 'lost', error });
    this.streams.clear();
    this.#tellClosed();
  }

  /** Kept for the next owner while the present one doesn't care. */
  #tellRenewal(): void {
    if (this.#renewal !== 'due' || this.closed || !this.#handlers?.onRenewalDue) return;
    this.#renewal = 'told';
    this.#handlers.onRenewalDue();
  }

  #tellClosed(): void {
    if (this.#closedTold || !this.#handlers || !this.closed) return;
    this.#closedTold = true;
    this.#handlers.onClosed(this.closed);
  }
}
