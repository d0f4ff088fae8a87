import type { X509Certificate } from 'node:crypto';
import net, { isIP } from 'node:net';
import tls from 'node:tls';
import { dialAddresses } from '../core/dial-addresses.js';
import { onGivenUp } from '../core/give-up.js';
import { describeAddress } from '../core/resolve-host.js';
import type { TicketCache } from '../core/ticket-cache.js';
import { TransportError, type TransportErrorCode } from '../errors.js';
import type { DialOptions, SocketAddress } from '../transport.js';
import { checkCertificate, leafOf } from './certificates.js';
import type { LivenessTimes } from './liveness.js';
import type { Environment } from './proxy.js';
import { connectThrough, type HttpProxy, proxyFor } from './proxy.js';
import { TlsConnection } from './tls-connection.js';
import { protocolName } from './tls-listener.js';

/** What a dialer needs of its transport. */
export interface DialContext {
  readonly times: LivenessTimes;
  readonly environment: Environment;
  readonly tickets: TicketCache;
  contextFor(options: DialOptions): tls.SecureContext;
  /** Called with what ends the dialing or the connection when the transport closes; answers how to take it back. */
  register(closable: { close(): Promise<void> }): () => void;
}

/** Dials the addresses of the URL's host, or of its proxy. */
export async function dialTls(context: DialContext, options: DialOptions): Promise<TlsConnection> {
  const proxy = proxyFor(options.url, context.environment);
  return dialAddresses(proxy ?? options.url, options, (remote, attempt) =>
    new Attempt(context, attempt, remote, proxy).run(attempt.connectTimeoutMs),
  );
}

/** One address: TCP, then the proxy if there is one, then TLS. Ended from outside by `#fail`, whatever it is waiting for. */
class Attempt {
  readonly #context: DialContext;
  readonly #options: DialOptions;
  readonly #remote: SocketAddress;
  readonly #proxy: HttpProxy | undefined;
  readonly #tcp: net.Socket;
  #connection: TlsConnection | undefined;
  #session: Buffer | undefined;
  #fail!: (error: TransportError) => void;

  constructor(
    context: DialContext,
    options: DialOptions,
    remote: SocketAddress,
    proxy: HttpProxy | undefined,
  ) {
    this.#context = context;
    this.#options = options;
    this.#remote = remote;
    this.#proxy = proxy;
    this.#tcp = net.connect({ ...remote, noDelay: true });
  }

  async run(timeoutMs: number): Promise<TlsConnection> {
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    const where = describeAddress(this.#remote);
    const timer = setTimeout(
      () => this.#fail(new TransportError('connect_timeout', `no answer from ${where} in time`)),
      timeoutMs,
    );
    const gone = new Promise<void>((resolve) => this.#tcp.once('close', () => resolve()));
    const unregister = this.#context.register({
      close: () => {
        if (this.#connection) this.#connection.close(0, 'transport closed');
        else this.#fail(new TransportError('closed', 'the transport was closed'));
        return gone;
      },
    });
    void gone.then(unregister);
    const forget = onGivenUp(this.#options.signal, this.#fail);
    try {
      return await Promise.race([this.#connect(), failed]);
    } catch (thrown) {
      this.#tcp.destroy();
      throw thrown;
    } finally {
      clearTimeout(timer);
      forget();
    }
  }

  async #connect(): Promise<TlsConnection> {
    await this.#waitFor(this.#tcp, 'connect', tcpErrorCode);
    if (this.#proxy) await connectThrough(this.#tcp, this.#proxy, this.#options.url);
    const { url } = this.#options;
    const ticket = this.#context.tickets.take(this.#options);
    const socket = tls.connect({
      socket: this.#tcp,
      host: url.host,
      ...(isIP(url.host) ? {} : { servername: url.host }),
      ALPNProtocols: [protocolName],
      secureContext: this.#context.contextFor(this.#options),
      ...(ticket ? { session: Buffer.from(ticket.session) } : {}),
      // Everything is checked below, resumed sessions too, which Node would not do.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    // The first ticket may come with the end of the handshake; it is of no use before the certificate was checked.
    socket.once('session', (session) => {
      this.#session = session;
    });
    try {
      await this.#waitFor(socket, 'secureConnect', () => 'handshake_failed');
      return this.#finish(socket, leafOf(socket, ticket?.leafDer));
    } catch (thrown) {
      socket.destroy();
      throw thrown;
    }
  }

  #finish(socket: tls.TLSSocket, leaf: X509Certificate): TlsConnection {
    if (this.#tcp.destroyed) throw new TransportError('closed', 'the attempt was given up');
    if (socket.alpnProtocol !== protocolName)
      throw new TransportError('handshake_failed', `${this.#options.url.host} doesn't speak ${protocolName}`);
    const certificateSha256 = checkCertificate(socket, leaf, this.#options);
    const leafDer = leaf.raw;
    const keep = (session: Buffer): void => this.#context.tickets.put(this.#options, { session, leafDer });
    if (this.#session) keep(this.#session);
    socket.on('session', keep);
    this.#connection = new TlsConnection(
      { transport: 'tls', role: 'dialer', remoteAddress: this.#remote, certificateSha256 },
      socket,
      this.#context.times,
      { onClosed: () => {} },
    );
    return this.#connection;
  }

  /** Waits for the event that means success. */
  #waitFor(
    socket: net.Socket,
    event: 'connect' | 'secureConnect',
    codeOf: (code: string | undefined) => TransportErrorCode,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const where = describeAddress(this.#remote);
      const onError = (error: NodeJS.ErrnoException): void => {
        reject(new TransportError(codeOf(error.code), `${where}: ${error.message}`, { cause: error }));
      };
      const onClose = (): void => {
        reject(new TransportError('handshake_failed', `${where} closed the connection in the handshake`));
      };
      // Later errors are followed by `close`; without a listener they would end the process.
      socket.on('error', onError);
      socket.once('close', onClose);
      socket.once(event, () => {
        socket.off('close', onClose);
        resolve();
      });
    });
  }
}

function tcpErrorCode(code: string | undefined): TransportErrorCode {
  if (code === 'ECONNREFUSED') return 'refused';
  return code === 'ETIMEDOUT' ? 'connect_timeout' : 'unreachable';
}
