import tls from 'node:tls';
import { TicketCache } from '../core/ticket-cache.js';
import { TransportError } from '../errors.js';
import { idleTimeoutMs, keepAliveMs } from '../limits.js';
import type { Connection, DialOptions, Listener, ListenOptions, Transport } from '../transport.js';
import { dialQuic } from './dial.js';
import { type Config, loadQuiche, makeDialConfig, type Quiche, type QuicTuning } from './native.js';
import { QuicListener } from './quic-listener.js';

/** Streams a peer may have open at once. */
const streamsMaxDefault = 4096;
/** Configurations of dialers kept; the parsed CA certificates in them are what takes time. */
const configsMax = 16;

/** Settings of {@link createQuicTransport}. */
export interface QuicTransportOptions {
  /** Milliseconds of silence until a connection is lost. Default `idleTimeoutMs`; the lower of both ends counts. */
  readonly idleTimeoutMs?: number;
  /** Milliseconds between pings of a dialer. Default `keepAliveMs`; must be below the idle timeout. */
  readonly keepAliveMs?: number;
  /** Streams the peer may have open at once. Default 4096, at least 1. */
  readonly streamsMax?: number;
}

/**
 * QUIC in this process, on the native binding of `@matrixai/quic`. What a peer does can hang native code: an agent uses
 * {@link createWorkerTransport}, and a relay runs this under a supervisor that watches it.
 *
 * The binding is loaded at the first `dial` or `listen`, which throw `unsupported` where there is none or where the
 * environment says `MACULA_TRANSPORT=tls`.
 */
export function createQuicTransport(options: QuicTransportOptions = {}): Transport {
  return new QuicTransport(options);
}

class QuicTransport implements Transport {
  readonly name = 'quic';
  readonly #tuning: QuicTuning;
  readonly #keepAliveMs: number;
  readonly #closables: Set<{ close(): Promise<void> }> = new Set();
  readonly #configs: Map<string, Config> = new Map();
  readonly #tickets = new TicketCache();
  #isClosed = false;

  constructor(options: QuicTransportOptions) {
    this.#tuning = {
      idleTimeoutMs: options.idleTimeoutMs ?? idleTimeoutMs,
      streamsMax: options.streamsMax ?? streamsMaxDefault,
    };
    this.#keepAliveMs = options.keepAliveMs ?? keepAliveMs;
  }

  async dial(options: DialOptions): Promise<Connection> {
    const quiche = await this.#load();
    const connection = await dialQuic(
      {
        quiche,
        keepAliveMs: this.#keepAliveMs,
        tickets: this.#tickets,
        configFor: (dialOptions) => this.#configFor(quiche, dialOptions),
        register: (closable) => {
          this.#closables.add(closable);
          // Closed while the name was resolved: as soon as the dial is set up.
          if (this.#isClosed) queueMicrotask(() => void closable.close());
          return () => this.#closables.delete(closable);
        },
      },
      options,
    );
    return connection;
  }

  async listen(options: ListenOptions): Promise<Listener> {
    const quiche = await this.#load();
    const listener = await QuicListener.open(quiche, options, this.#tuning, () =>
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

  async #load(): Promise<Quiche> {
    if (this.#isClosed) throw new TransportError('closed', 'the transport is closed');
    return loadQuiche();
  }

  #configFor(quiche: Quiche, { tlsVerify, caPem }: DialOptions): Config {
    const verify = tlsVerify === 'verify_peer';
    const key = verify ? `verify ${caPem?.join('\n') ?? 'roots'}` : 'none';
    let config = this.#configs.get(key);
    if (config) return config;
    const ca = verify ? Buffer.from((caPem ?? tls.rootCertificates).join('\n')) : null;
    try {
      config = makeDialConfig(quiche, { verify, ca }, this.#tuning);
    } catch (cause) {
      throw new TransportError('certificate_untrusted', "the trusted certificates can't be read", { cause });
    }
    if (this.#configs.size >= configsMax) this.#configs.clear();
    this.#configs.set(key, config);
    return config;
  }
}
