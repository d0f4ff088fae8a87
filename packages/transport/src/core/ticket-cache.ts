import { createHash, X509Certificate } from 'node:crypto';
import { ticketBytesMax, ticketConditionsMax, ticketMsMax, ticketsEachMax } from '../limits.js';
import type { DialOptions } from '../transport.js';

/** What resumes a session. */
export interface Ticket {
  /** As the TLS library gave it. */
  readonly session: Uint8Array;
  /** The leaf that the listener showed when the session was made, DER; a resumed handshake shows none. */
  readonly leafDer: Uint8Array;
}

/** Conditions under which a session was made, as text. */
type Conditions = string;

interface KeptTicket extends Ticket {
  readonly expiresAtMs: number;
}

/**
 * Session tickets of a dialer. A ticket is good for one dialing (who sees it twice could tell that both are ours), under exactly the
 * conditions under which it was won: host, port, way of verifying, trusted certificates and pins. So nothing that was accepted
 * unchecked is ever taken for checked: a resumed handshake checks no chain. It is kept for `ticketMsMax`, and no longer than the
 * certificate is valid. In memory only.
 */
export class TicketCache {
  readonly #tickets: Map<Conditions, KeptTicket[]> = new Map();

  /** Tickets kept. */
  get size(): number {
    let size = 0;
    for (const tickets of this.#tickets.values()) size += tickets.length;
    return size;
  }

  /** The newest ticket for these conditions; it is gone from the cache. */
  take(options: DialOptions, nowMs: number = Date.now()): Ticket | undefined {
    this.#dropExpired(nowMs);
    return this.#tickets.get(conditionsOf(options))?.pop();
  }

  /** Keeps a ticket that the listener gave to a connection made under these conditions; one that is too large is not kept. */
  put(options: DialOptions, ticket: Ticket, nowMs: number = Date.now()): void {
    this.#dropExpired(nowMs);
    const { session, leafDer } = ticket;
    if (session.length + leafDer.length > ticketBytesMax) return;
    const expiresAtMs = Math.min(nowMs + ticketMsMax, Date.parse(new X509Certificate(leafDer).validTo));
    const conditions = conditionsOf(options);
    const tickets = this.#tickets.get(conditions) ?? [];
    tickets.push({ session, leafDer, expiresAtMs });
    if (tickets.length > ticketsEachMax) tickets.shift();
    // Deleted first, so that the map is in the order of the last ticket.
    this.#tickets.delete(conditions);
    this.#tickets.set(conditions, tickets);
    if (this.#tickets.size <= ticketConditionsMax) return;
    for (const oldest of this.#tickets.keys()) {
      this.#tickets.delete(oldest);
      return;
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#tickets.clear();
  }

  #dropExpired(nowMs: number): void {
    for (const [conditions, tickets] of this.#tickets) {
      const fresh = tickets.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
      if (fresh.length === tickets.length && fresh.length > 0) continue;
      if (fresh.length === 0) this.#tickets.delete(conditions);
      else this.#tickets.set(conditions, fresh);
    }
  }
}

function conditionsOf({ url, tlsVerify, caPem }: DialOptions): Conditions {
  const ca = caPem && createHash('sha256').update(caPem.join('\n')).digest('hex');
  const pins = url.certificatePins.map((pin) => Buffer.from(pin).toString('hex')).sort();
  return JSON.stringify([url.host, url.port, tlsVerify, ca ?? 'roots', pins]);
}
