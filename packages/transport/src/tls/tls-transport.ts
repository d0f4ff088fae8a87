import tls from 'node:tls';
import { TicketCache } from '../core/ticket-cache.js';
import { TransportError } from '../errors.js';
import { idleTimeoutMs, keepAliveMs } from '../limits.js';
import type { Connection, DialOptions, Listener, ListenOptions, Transport } from '../transport.js';
import { type DialContext, dialTls } from './dial.js';
import type { Environment } from './proxy.js';
import { TlsListener } from './tls-listener.js';

/** Contexts of dialers kept; the parsed CA certificates in them are what takes time. */
const contextsMax = 16;

/** Settings of {@link createTlsTransport}. */
export interface TlsTransportOptions {
  /** Milliseconds of silence until a connection is lost, for this end. Default `idleTimeoutMs`. */
  readonly idleTimeoutMs?: number;
  /** Milliseconds between pings of a dialer. Default `keepAliveMs`; must be below the idle timeout of both ends. */
  readonly keepAliveMs?: number;
  /** Where `HTTPS_PROXY` and `NO_PROXY` (or in small letters) are looked up. Default `process.env`, at each dialing. */
  readonly environment?: Environment;
}

/**
 * TLS 1.3 over TCP, for networks that let no UDP through: many streams on one connection, in frames of our own
 * (see `frames.ts`). There are no datagrams, and a lost TCP segment holds up all streams until it is sent again. Dials through the
 * HTTP proxy that the environment names.
 */
export function createTlsTransport(options: TlsTransportOptions = {}): Transport {
  return new TlsTransport(options);
}

class TlsTransport implements Transport {
  readonly name = 'tls';
  readonly #idleTimeoutMs: number;
  readonly #dialContext: DialContext;
  readonly #closables: Set<{ close(): Promise<void> }> = new Set();
  readonly #contexts: Map<string, tls.SecureContext> = new Map();
  readonly #tickets = new TicketCache();
  #isClosed = false;

  constructor(options: TlsTransportOptions) {
    this.#idleTimeoutMs = options.idleTimeoutMs ?? idleTimeoutMs;
    this.#dialContext = {
      times: { idleTimeoutMs: this.#idleTimeoutMs, keepAliveMs: options.keepAliveMs ?? keepAliveMs },
      environment: options.environment ?? process.env,
      tickets: this.#tickets,
      contextFor: (dialOptions) => this.#contextFor(dialOptions),
      register: (closable) => {
        this.#closables.add(closable);
        if (this.#isClosed) void closable.close();
        return () => this.#closables.delete(closable);
      },
    };
  }

  async dial(options: DialOptions): Promise<Connection> {
    this.#checkOpen();
    // Before anything is sent, since it may throw.
    this.#contextFor(options);
    return dialTls(this.#dialContext, options);
  }

  async listen(options: ListenOptions): Promise<Listener> {
    this.#checkOpen();
    const times = { idleTimeoutMs: this.#idleTimeoutMs, keepAliveMs: undefined };
    const listener: TlsListener = await TlsListener.open(options, times, () =>
      this.#closables.delete(listener),
    );
    this.#closables.add(listener);
    if (this.#isClosed) await listener.close();
    return listener;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#closables].map((closable) => closable.close()));
    this.#tickets.clear();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new TransportError('closed', 'the transport is closed');
  }

  #contextFor({ tlsVerify, caPem }: DialOptions): tls.SecureContext {
    const key = tlsVerify === 'verify_peer' ? `verify ${caPem?.join('\n') ?? 'roots'}` : 'none';
    let context = this.#contexts.get(key);
    if (context) return context;
    // Without `ca` Node takes the certificates that come with it; where nothing is verified these would be a waste.
    const trusted = tlsVerify === 'verify_peer' ? caPem : [];
    const ca = trusted ? { ca: [...trusted] } : {};
    try {
      context = tls.createSecureContext({ minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', ...ca });
    } catch (cause) {
      throw new TransportError('certificate_untrusted', "the trusted certificates can't be read", { cause });
    }
    if (this.#contexts.size >= contextsMax) this.#contexts.clear();
    this.#contexts.set(key, context);
    return context;
  }
}
