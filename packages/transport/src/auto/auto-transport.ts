import { onGivenUp } from '../core/give-up.js';
import { type Contender, race } from '../core/race.js';
import { tellingError } from '../core/telling-error.js';
import { TransportError } from '../errors.js';
import { connectTimeoutMs, dialHeadStartMs, tlsFirstMs, tlsFirstRelaysMax } from '../limits.js';
import { quinnUrlOf, type RelayUrl } from '../relay-url.js';
import type {
  CertificatePair,
  Connection,
  DialOptions,
  Listener,
  ListenerHandlers,
  ListenOptions,
  SocketAddress,
  Transport,
} from '../transport.js';
import { listenTogether } from './listen-together.js';
import { TlsFirst } from './tls-first.js';

/** Settings of {@link createAutoTransport}. */
export interface AutoTransportOptions {
  /**
   * What to choose from, one of a name at most; closed with the auto transport. Without `quic` an `https:` URL means TLS alone, and the other
   * way round. One with the name `memory` serves every URL, for tests.
   */
  readonly transports: readonly Transport[];
  /** Milliseconds that the transport which goes first is ahead of the other, at most half of the time to connect. Default 300. */
  readonly headStartMs?: number;
  /** Milliseconds for which TLS goes first where it has beaten QUIC. Default 300,000. */
  readonly tlsFirstMs?: number;
}

/**
 * Chooses the transport. `quic:`, `quinn:` and `tls:` URLs force the one of that name. For `https:` QUIC starts, TLS follows after a head
 * start, or as soon as QUIC has failed; the first open connection is kept and the other attempt given up. Where TLS
 * won it goes first for the next minutes, and QUIC follows.
 *
 * Both are given the same options and check certificates and pins by the same rules, so what one has refused the other doesn't
 * accept in its place. When all fail, the error is the one that says most, and its message names every cause.
 *
 * A transport that can't dial here (`unsupported`: no binding for this machine, or switched off) is closed and not tried again. quinn, if
 * there is one, goes in place of such a QUIC where the URL names its port.
 *
 * `listen` uses all transports but quinn, which has ports of its own; see {@link listenTogether}.
 */
export function createAutoTransport(options: AutoTransportOptions): Transport {
  return new AutoTransport(options);
}

/** A transport and the URL that it dials. */
interface Way {
  readonly transport: Transport;
  readonly url: RelayUrl;
}

class AutoTransport implements Transport {
  readonly name = 'auto';
  readonly #transports: readonly Transport[];
  readonly #headStartMs: number;
  readonly #tlsFirst: TlsFirst;
  /** Those that can't be used here, and why. */
  readonly #unavailable: Map<Transport, TransportError> = new Map();
  /** What gives up each attempt that is under way. */
  readonly #dials: Set<AbortController> = new Set();
  #isClosed = false;

  constructor(options: AutoTransportOptions) {
    this.#transports = options.transports;
    this.#headStartMs = options.headStartMs ?? dialHeadStartMs;
    this.#tlsFirst = new TlsFirst(options.tlsFirstMs ?? tlsFirstMs, tlsFirstRelaysMax);
  }

  async dial(options: DialOptions): Promise<Connection> {
    this.#checkOpen();
    const { url } = options;
    const hasTlsFirst = this.#tlsFirst.has(url, performance.now());
    const candidates = this.#candidatesFor(url, hasTlsFirst);
    const usable = candidates.flatMap((way) => this.#usable(way, url) ?? []);
    const timeoutMs = options.connectTimeoutMs ?? connectTimeoutMs;
    const deadlineMs = performance.now() + timeoutMs;
    const contenders = usable.map(
      (way): Contender => ({
        name: way.transport.name,
        dial: (signal) => this.#dialWay(way, { ...options, signal }, deadlineMs),
      }),
    );
    const giveUp = new AbortController();
    const forget = onGivenUp(options.signal, () => giveUp.abort());
    this.#dials.add(giveUp);
    const headStartMs = Math.min(this.#headStartMs, timeoutMs / 2);
    const outcome = await race(contenders, { headStartMs, signal: giveUp.signal });
    this.#dials.delete(giveUp);
    forget();
    if (outcome.kind === 'won') {
      const hadChoice =
        usable.length > 1 && !usable.some(({ transport }) => this.#unavailable.has(transport));
      if (outcome.winner.name !== 'tls') this.#tlsFirst.forget(url);
      else if (hadChoice && !hasTlsFirst) this.#tlsFirst.add(url, performance.now());
      return outcome.connection;
    }
    if (outcome.kind === 'given_up') throw outcome.error;
    this.#tlsFirst.forget(url);
    const before = candidates.filter((way) => !usable.includes(way));
    const unavailable = before.map(({ transport }) => ({
      name: transport.name,
      error: this.#unavailable.get(transport)!,
    }));
    throw tellingError([...outcome.failures, ...unavailable]);
  }

  async listen(options: ListenOptions): Promise<Listener> {
    this.#checkOpen();
    const transports = this.#transports.filter(({ name }) => name !== 'quinn');
    const bound = await listenTogether(transports, options);
    return new JoinedListener(bound.map(({ listener }) => listener));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const giveUp of this.#dials) giveUp.abort();
    await Promise.all(this.#transports.map((transport) => transport.close()));
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new TransportError('closed', 'the transport is closed');
  }

  /** In the order in which they start. */
  #candidatesFor(url: RelayUrl, hasTlsFirst: boolean): readonly Way[] {
    const order = url.scheme !== 'https' ? [url.scheme] : hasTlsFirst ? ['tls', 'quic'] : ['quic', 'tls'];
    const candidates = ['memory', ...order].flatMap((name) => {
      const ways = this.#transports.filter((transport) => transport.name === name);
      if (ways.length > 0 || name !== 'quic') return ways.map((transport): Way => ({ transport, url }));
      return this.#quinnFor(url) ?? [];
    });
    if (candidates.length > 0) return candidates;
    const text = `${url.scheme}:// can't be dialled here: there is no such transport, or it is switched off`;
    throw new TransportError('unsupported', text);
  }

  /** The way itself, or what goes in place of one that isn't available. */
  #usable(way: Way, url: RelayUrl): Way | undefined {
    if (!this.#unavailable.has(way.transport)) return way;
    const quinn = way.transport.name === 'quic' ? this.#quinnFor(url) : undefined;
    return quinn && !this.#unavailable.has(quinn.transport) ? quinn : undefined;
  }

  #quinnFor(url: RelayUrl): Way | undefined {
    const quinnUrl = quinnUrlOf(url);
    const transport = this.#transports.find(({ name }) => name === 'quinn');
    return quinnUrl && transport && { transport, url: quinnUrl };
  }

  async #dialWay(way: Way, options: DialOptions, deadlineMs: number): Promise<Connection> {
    const leftMs = Math.max(1, deadlineMs - performance.now());
    try {
      return await way.transport.dial({ ...options, url: way.url, connectTimeoutMs: leftMs });
    } catch (thrown) {
      this.#noteUnavailable(way.transport, thrown);
      const next = this.#usable(way, options.url);
      if (next === undefined || next === way) throw thrown;
      return this.#dialWay(next, options, deadlineMs);
    }
  }

  #noteUnavailable(transport: Transport, thrown: unknown): void {
    if (!(thrown instanceof TransportError) || thrown.code !== 'unsupported') return;
    if (this.#unavailable.has(transport)) return;
    this.#unavailable.set(transport, thrown);
    // It may have a process that waits for work.
    void transport.close().catch(() => {});
  }
}

/** Several listeners as one; they have the same port number. */
class JoinedListener implements Listener {
  readonly #listeners: readonly Listener[];

  constructor(listeners: readonly Listener[]) {
    this.#listeners = listeners;
  }

  get address(): SocketAddress {
    return this.#listeners[0]!.address;
  }

  start(handlers: ListenerHandlers): void {
    for (const listener of this.#listeners) listener.start(handlers);
  }

  setCertificate(certificate: CertificatePair): void {
    for (const listener of this.#listeners) listener.setCertificate(certificate);
  }

  async close(code?: number): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close(code)));
  }
}
