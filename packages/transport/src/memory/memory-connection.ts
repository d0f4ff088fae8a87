import type { ConnectionFacts } from '../core/connection-core.js';
import { CreditConnection, type StreamMessage } from '../core/credit-connection.js';
import type { TransportError } from '../errors.js';
import type { ConnectionClosed, ConnectionStats } from '../transport.js';

/** Largest datagram, bytes: like QUIC's over the Internet. */
const datagramBytes = 1200;
const headerBytes = 16;

/** What travels between the two ends. */
export type MemoryMessage =
  | StreamMessage
  | { readonly kind: 'datagram'; readonly bytes: Uint8Array }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string };

/** The network as an end of a connection sees it. */
export interface MemoryLink {
  /** Carries a message to the other end, in order. */
  carry(message: MemoryMessage): void;
  /** Round trip, milliseconds. */
  rttMs(): number;
  /** Runs soon. */
  soon(run: () => void): void;
  /** The end is closed. */
  closed(): void;
}

/** One end of a connection in memory. */
export class MemoryConnection extends CreditConnection {
  readonly #link: MemoryLink;
  #isFlushing = false;
  #bytesSent = 0;
  #bytesReceived = 0;

  constructor(facts: ConnectionFacts, link: MemoryLink, windowBytes: number) {
    super(facts, { windowBytes, wireIdFirst: facts.role === 'dialer' ? 0 : 1 });
    this.#link = link;
  }

  get datagramBytesMax(): number {
    return this.closed ? 0 : datagramBytes;
  }

  sendDatagram(bytes: Uint8Array): boolean {
    if (bytes.length > this.datagramBytesMax) return false;
    this.#link.carry({ kind: 'datagram', bytes: Uint8Array.from(bytes) });
    return true;
  }

  stats(): ConnectionStats {
    const rttMs = this.#link.rttMs();
    return { rttMs, bytesSent: this.#bytesSent, bytesReceived: this.#bytesReceived, packetsLost: 0 };
  }

  /** A message of the other end. */
  receive(message: MemoryMessage): void {
    if (this.closed) return;
    this.#bytesReceived += bytesOf(message);
    if (message.kind === 'datagram') this.deliverDatagram(message.bytes);
    else if (message.kind === 'close')
      this.over({ kind: 'peer', code: message.code, reason: message.reason });
    else this.handleMessage(message);
  }

  /** The connection breaks, without a word to the other end. */
  lose(error: TransportError): void {
    this.over({ kind: 'lost', error });
  }

  protected override sendMessage(message: StreamMessage): void {
    this.#bytesSent += bytesOf(message);
    // The receiver may change what it gets, the sender may still hold what it sent.
    this.#link.carry(
      message.kind === 'data' ? { ...message, bytes: Uint8Array.from(message.bytes) } : message,
    );
  }

  protected override scheduleFlush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#link.soon(() => {
      this.#isFlushing = false;
      this.flush(Number.POSITIVE_INFINITY);
    });
  }

  protected override closeProtocol(code: number, reason: string): void {
    this.#link.carry({ kind: 'close', code, reason });
    this.#link.closed();
  }

  private over(info: ConnectionClosed): void {
    if (this.closed) return;
    this.#link.closed();
    this.finish(info);
  }
}

function bytesOf(message: MemoryMessage): number {
  return 'bytes' in message && typeof message.bytes !== 'number'
    ? headerBytes + message.bytes.length
    : headerBytes;
}
