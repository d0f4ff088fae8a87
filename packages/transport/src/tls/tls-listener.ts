import { createHash } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import tls from 'node:tls';
import { checkCertificatePair } from '../certificate-pair.js';
import { HalfOpen, type HalfOpenEntry } from '../core/half-open.js';
import { plainAddress } from '../core/plain-address.js';
import { TransportError } from '../errors.js';
import { handshakesEachMax, tlsHandshakeMsMax, tlsHandshakesMax } from '../limits.js';
import type {
  CertificatePair,
  Connection,
  Listener,
  ListenerHandlers,
  ListenOptions,
  SocketAddress,
} from '../transport.js';
import type { LivenessTimes } from './liveness.js';
import { TlsConnection } from './tls-connection.js';

/** ALPN of the frames in `frames.ts`. */
export const protocolName = 'macula/1';

/** Open connections that wait for `start`; those beyond are closed. */
const waitingMax = 64;
/** Milliseconds between looks at unfinished handshakes. */
const sweepMs = 500;

/** A TCP connection whose handshake is unfinished. */
interface Handshake extends HalfOpenEntry {
  readonly key: string;
  readonly socket: Socket;
  readonly acceptedAtMs: number;
}

/** Accepts TLS connections on one TCP port. */
export class TlsListener implements Listener {
  readonly address: SocketAddress;
  readonly #server: tls.Server;
  readonly #times: LivenessTimes;
  readonly #onClosed: () => void;
  /** TCP connections whose handshake is unfinished, by remote address, oldest first, with the time they came. */
  readonly #handshakes: Map<string, Handshake> = new Map();
  /** The same. Who is slow makes room: real handshakes take less time than an attacker needs to fill all places of one address. */
  readonly #places: HalfOpen<Handshake> = new HalfOpen({
    max: tlsHandshakesMax,
    eachMax: handshakesEachMax,
    replacesOwn: true,
  });
  readonly #connections: Set<TlsConnection> = new Set();
  readonly #sweep: NodeJS.Timeout;
  #waiting: Connection[] = [];
  #handlers: ListenerHandlers | undefined;
  #closing: Promise<void> | undefined;

  private constructor(server: tls.Server, times: LivenessTimes, onClosed: () => void) {
    this.#server = server;
    this.#times = times;
    this.#onClosed = onClosed;
    const { address, port } = server.address() as AddressInfo;
    this.address = { host: address, port };
    this.#sweep = setInterval(() => this.#dropStale(), sweepMs);
    server.on('connection', (socket) => this.#handleTcp(socket));
    server.on('secureConnection', (socket) => this.#handleTls(socket));
    // Whatever the error, this connection only; Node destroys it.
    server.on('tlsClientError', () => {});
    server.on('error', () => {});
  }

  /** Binds the socket. */
  static async open(
    options: ListenOptions,
    times: LivenessTimes,
    onClosed: () => void,
  ): Promise<TlsListener> {
    checkCertificatePair(options.certificate);
    const { host, port } = options;
    let server: tls.Server;
    try {
      server = tls.createServer({
        ...contextOptions(options.certificate),
        ALPNProtocols: [protocolName],
        noDelay: true,
      });
    } catch (thrown) {
      throw TransportError.from(thrown, 'bad_certificate');
    }
    await new Promise<void>((resolve, reject) => {
      server.once('error', (thrown) => reject(TransportError.from(thrown, 'bind_failed')));
      server.listen({ host, port }, resolve);
    });
    return new TlsListener(server, times, onClosed);
  }

  start(handlers: ListenerHandlers): void {
    this.#handlers = handlers;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const connection of waiting) handlers.onConnection(connection);
  }

  /** A new context has new ticket keys, so nobody resumes a session that was made with the certificate before. */
  setCertificate(certificate: CertificatePair): void {
    checkCertificatePair(certificate);
    try {
      this.#server.setSecureContext(contextOptions(certificate));
    } catch (thrown) {
      throw TransportError.from(thrown, 'bad_certificate');
    }
  }

  close(code = 0): Promise<void> {
    this.#closing ??= this.#close(code);
    return this.#closing;
  }

  async #close(code: number): Promise<void> {
    clearInterval(this.#sweep);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of [...this.#connections]) connection.close(code, 'listener closed');
    for (const { socket } of this.#handshakes.values()) socket.destroy();
    await closed;
    this.#onClosed();
  }

  #handleTcp(socket: Socket): void {
    const key = keyOf(socket);
    socket.on('error', () => {});
    if (this.#closing || key === undefined || this.#handlers?.mayShakeHands?.() === false) {
      socket.destroy();
      return;
    }
    const host = plainAddress(socket.remoteAddress!);
    const { victim } = this.#places.placeFor(host);
    if (victim) {
      this.#forget(victim);
      victim.socket.destroy();
    }
    const handshake = { key, host, socket, acceptedAtMs: performance.now() };
    this.#handshakes.set(key, handshake);
    this.#places.add(handshake);
    socket.once('close', () => this.#forget(handshake));
  }

  #handleTls(socket: tls.TLSSocket): void {
    const leaf = socket.getX509Certificate();
    const key = keyOf(socket);
    if (this.#closing || key === undefined || leaf === undefined || socket.alpnProtocol !== protocolName) {
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    let isOpen = false;
    const connection = new TlsConnection(
      {
        transport: 'tls',
        role: 'listener',
        remoteAddress: { host: plainAddress(socket.remoteAddress!), port: socket.remotePort! },
        certificateSha256: new Uint8Array(createHash('sha256').update(leaf.raw).digest()),
      },
      socket,
      this.#times,
      {
        onOpen: () => {
          isOpen = true;
          const handshake = this.#handshakes.get(key);
          if (handshake) this.#forget(handshake);
          this.#connections.add(connection);
          this.#announce(connection);
        },
        onClosed: () => {
          if (!isOpen) return;
          this.#connections.delete(connection);
          this.#waiting = this.#waiting.filter((waiting) => waiting !== connection);
        },
      },
    );
  }

  #forget(handshake: Handshake): void {
    this.#places.delete(handshake);
    if (this.#handshakes.get(handshake.key) === handshake) this.#handshakes.delete(handshake.key);
  }

  #announce(connection: TlsConnection): void {
    if (this.#handlers) this.#handlers.onConnection(connection);
    else if (this.#waiting.length < waitingMax) this.#waiting.push(connection);
    else connection.close(0, 'too many connections wait');
  }

  #dropStale(): void {
    const staleMs = performance.now() - tlsHandshakeMsMax;
    for (const { socket, acceptedAtMs } of this.#handshakes.values()) {
      if (acceptedAtMs > staleMs) return;
      socket.destroy();
    }
  }
}

function contextOptions({ certPem, keyPem }: CertificatePair): tls.SecureContextOptions {
  return { cert: certPem, key: keyPem, minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' };
}

/** The TLS socket has the same remote address as the TCP socket below it. */
function keyOf(socket: Socket): string | undefined {
  return socket.remotePort === undefined ? undefined : `${socket.remoteAddress} ${socket.remotePort}`;
}
