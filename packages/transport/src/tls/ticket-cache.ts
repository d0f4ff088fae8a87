import { createHash } from 'node:crypto';
import type { PeerCertificate } from 'node:tls';
import type { DialOptions } from '../transport.js';

/** Conditions for which tickets are kept; those that were not met for longest go first. */
const conditionsMax = 256;
/** Tickets kept for the same conditions; OpenSSL gives two with each full handshake, and none with a resumed one. */
const ticketsEachMax = 4;

/** What resumes a session. */
export interface Ticket {
  readonly session: Buffer;
  /** The leaf the listener showed when the session was made; a resumed one shows none. */
  readonly leaf: PeerCertificate;
}

/**
 * Session tickets of a dialer. A ticket is good for one dialing (who sees it twice could tell that both are ours), under exactly the
 * conditions under which it was won: host, port, way of verifying, trusted certificates and pins. So nothing that was accepted
 * unchecked is ever taken for checked.
 */
export class TicketCache {
  readonly #tickets: Map<string, Ticket[]> = new Map();

  /** The newest ticket for these conditions; it is gone from the cache. */
  take(options: DialOptions): Ticket | undefined {
    return this.#tickets.get(ticketKey(options))?.pop();
  }

  /** Keeps a ticket that the listener gave to a connection made under these conditions. */
  put(options: DialOptions, ticket: Ticket): void {
    const key = ticketKey(options);
    const tickets = this.#tickets.get(key) ?? [];
    tickets.push(ticket);
    if (tickets.length > ticketsEachMax) tickets.shift();
    this.#tickets.delete(key);
    this.#tickets.set(key, tickets);
    if (this.#tickets.size <= conditionsMax) return;
    for (const oldest of this.#tickets.keys()) {
      this.#tickets.delete(oldest);
      return;
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#tickets.clear();
  }
}

function ticketKey({ url, tlsVerify, caPem }: DialOptions): string {
  const ca = caPem && createHash('sha256').update(caPem.join('\n')).digest('hex');
  const pins = url.certificatePins.map((pin) => Buffer.from(pin).toString('hex')).sort();
  return JSON.stringify([url.host, url.port, tlsVerify, ca ?? 'roots', pins]);
}
