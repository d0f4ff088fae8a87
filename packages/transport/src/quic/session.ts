import type { TicketCache } from '../core/ticket-cache.js';
import type { DialOptions } from '../transport.js';
import type { NativeConnection } from './native.js';

/** Packets of an accepted connection after which no ticket is expected any more; it comes with the first ones. */
const looksMax = 32;

/** The session tickets of one connection: offers the one at hand, and keeps one that the listener gives. */
export class ConnectionTickets {
  readonly #native: NativeConnection;
  readonly #cache: TicketCache;
  readonly #options: DialOptions;
  #leafDer: Uint8Array | undefined;
  #looksLeft = 0;

  constructor(native: NativeConnection, cache: TicketCache, options: DialOptions) {
    this.#native = native;
    this.#cache = cache;
    this.#options = options;
  }

  /** Before the first packet. A ticket that can't be read, or that the listener refuses, costs nothing: the handshake is a full one. */
  offer(session: Uint8Array): void {
    try {
      this.#native.setSession(session);
    } catch {
      // A full handshake, then.
    }
  }

  /** The certificate was accepted, so a ticket is of use. */
  handleAccepted(): void {
    this.#leafDer = this.#native.peerCertChain()?.[0];
    this.#looksLeft = looksMax;
    this.look();
  }

  /** Packets came: there may be a ticket now. */
  look(): void {
    if (this.#looksLeft === 0 || !this.#leafDer) return;
    this.#looksLeft--;
    const session = this.#native.session();
    if (session === null) return;
    this.#looksLeft = 0;
    const kept = withoutParameters(session);
    if (kept) this.#cache.put(this.#options, { session: kept, leafDer: this.#leafDer });
  }
}

/**
 * A session of quiche is the TLS session and the transport parameters that the listener had, each behind its length in 8 bytes
 * (big-endian). The parameters are for 0-RTT, which is never used; and quiche takes them as granted: after a restart of the listener
 * with a lower limit of streams, a dialer would open more than it may.
 * @returns the session without parameters; undefined when it isn't built like that
 */
export function withoutParameters(session: Uint8Array): Uint8Array | undefined {
  const lengthBytes = 8;
  if (session.length < lengthBytes) return undefined;
  const tlsBytes = Number(new DataView(session.buffer, session.byteOffset).getBigUint64(0));
  const end = lengthBytes + tlsBytes;
  if (end + lengthBytes > session.length) return undefined;
  const result = new Uint8Array(end + lengthBytes);
  result.set(session.subarray(0, end));
  return result;
}
