import { randomBytes } from 'node:crypto';
import { certificateSha256, checkCertificatePair } from '../certificate-pair.js';
import { HalfOpen, type HalfOpenEntry } from '../core/half-open.js';
import { plainAddress } from '../core/plain-address.js';
import { resolveHost } from '../core/resolve-host.js';
import { TransportError } from '../errors.js';
import { handshakesEachMax, quicHandshakesMax } from '../limits.js';
import type {
  CertificatePair,
  Connection,
  Listener,
  ListenerHandlers,
  ListenOptions,
  SocketAddress,
} from '../transport.js';
import { type Config, listenerIdBytes, makeListenConfig, type Quiche, type QuicTuning } from './native.js';
import { idKey, type PacketHeader, parsePacketHeader } from './packet-header.js';
import { QuicConnection } from './quic-connection.js';
import { QuicPump } from './quic-pump.js';
import { RetryTokens } from './retry-token.js';
import { AnswerBudget, StatelessReset } from './stateless-reset.js';
import { UdpSocket } from './udp-socket.js';

/**
 * Connections in handshake from which on a dialer must first show, by answering a Retry, that its address is its own: who forges
 * addresses can take these places, not all of them.
 */
const retryFromHalfOpen = 128;
/** Open connections that wait for `start`; those beyond are closed. */
const waitingMax = 64;
/** Milliseconds a handshake may take. */
const handshakeMsMax = 10_000;
/** Milliseconds that a name to listen at may take to be resolved. */
const resolveMsMax = 10_000;
const initialBytesMin = 1200;
const quicVersion = 1;

/** A connection of the listener, from its first packet on. */
interface Entry extends HalfOpenEntry {
  readonly pump: QuicPump;
  /** Keys in the routing table. */
  readonly keys: string[];
  readonly acceptedAtMs: number;
}

/** Routes the packets of one UDP socket to connections by their connection id, and accepts new ones. */
export class QuicListener implements Listener {
  readonly #quiche: Quiche;
  readonly #socket: UdpSocket;
  readonly #tuning: QuicTuning;
  readonly #onClosed: () => void;
  readonly #routes: Map<string, Entry> = new Map();
  readonly #halfOpen: HalfOpen<Entry> = new HalfOpen({
    max: quicHandshakesMax,
    eachMax: handshakesEachMax,
    replacesOwn: false,
  });
  readonly #connections: Set<QuicConnection> = new Set();
  readonly #answers = new AnswerBudget();
  readonly #retryTokens = new RetryTokens();
  readonly #sweep: NodeJS.Timeout;
  #waiting: Connection[] = [];
  #handlers: ListenerHandlers | undefined;
  #config: Config;
  #certificateSha256: Uint8Array;
  #reset: StatelessReset;
  #closing: Promise<void> | undefined;

  private constructor(
    quiche: Quiche,
    socket: UdpSocket,
    certificate: CertificatePair,
    tuning: QuicTuning,
    onClosed: () => void,
  ) {
    this.#quiche = quiche;
    this.#socket = socket;
    this.#tuning = tuning;
    this.#onClosed = onClosed;
    this.#config = makeListenConfig(quiche, certificate, tuning);
    this.#certificateSha256 = certificateSha256(certificate.certPem);
    this.#reset = new StatelessReset(certificate.keyPem);
    this.#sweep = setInterval(() => this.#dropStale(), 1000);
    socket.start(
      (packet, from) => this.#handlePacket(packet, { host: from.address, port: from.port }),
      () => {},
    );
  }

  /** Binds the socket. */
  static async open(
    quiche: Quiche,
    options: ListenOptions,
    tuning: QuicTuning,
    onClosed: () => void,
  ): Promise<QuicListener> {
    checkCertificatePair(options.certificate);
    // Tried before the socket is bound, since it may throw.
    makeListenConfig(quiche, options.certificate, tuning);
    const socket = await UdpSocket.open({ host: await bindAddress(options.host), port: options.port });
    return new QuicListener(quiche, socket, options.certificate, tuning, onClosed);
  }

  get address(): SocketAddress {
    return this.#socket.local;
  }

  start(handlers: ListenerHandlers): void {
    this.#handlers = handlers;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const connection of waiting) handlers.onConnection(connection);
  }

  /**
   * The TLS library makes the keys of session tickets for each configuration (and renews them), so nobody resumes a session that was
   * made with the certificate before: both ends would take different ones for the connection's.
   */
  setCertificate(certificate: CertificatePair): void {
    checkCertificatePair(certificate);
    this.#config = makeListenConfig(this.#quiche, certificate, this.#tuning);
    this.#certificateSha256 = certificateSha256(certificate.certPem);
    this.#reset = new StatelessReset(certificate.keyPem);
  }

  close(code = 0): Promise<void> {
    this.#closing ??= this.#close(code);
    return this.#closing;
  }

  async #close(code: number): Promise<void> {
    clearInterval(this.#sweep);
    for (const connection of [...this.#connections]) connection.close(code, 'listener closed');
    for (const entry of [...this.#halfOpen]) entry.pump.close(code, Buffer.alloc(0));
    await this.#socket.close();
    this.#onClosed();
  }

  #handlePacket(packet: Buffer, from: SocketAddress): void {
    const header = parsePacketHeader(packet);
    if (!header) return;
    const entry = this.#routes.get(idKey(header.destinationId));
    if (entry) entry.pump.handlePacket(packet, from);
    else if (header.kind === 'short') this.#answerReset(header.destinationId, packet.length, from);
    else this.#handleUnknown(header, packet, from);
  }

  #handleUnknown(header: PacketHeader & { kind: 'long' }, packet: Buffer, from: SocketAddress): void {
    if (packet.length < initialBytesMin || header.version === 0) return;
    if (header.version !== quicVersion) {
      this.#answerVersion(header, from);
      return;
    }
    // A dialer with a connection id of its own could announce more of them, and so hang quiche 0.18 for ever.
    if (!header.isInitial || header.sourceId.length !== 0 || header.destinationId.length < 8) return;
    if (this.#closing) return;
    const { destinationId, token } = header;
    const originalId =
      destinationId.length === listenerIdBytes
        ? this.#retryTokens.originalIdOf(token, destinationId, from, performance.now())
        : undefined;
    if (originalId === undefined && this.#halfOpen.size >= retryFromHalfOpen) this.#answerRetry(header, from);
    else this.#accept(header, packet, from, originalId);
  }

  /** `originalId`: the dialer has answered a Retry, and this named its first packet. */
  #accept(
    header: PacketHeader & { kind: 'long' },
    packet: Buffer,
    from: SocketAddress,
    originalId: Buffer | undefined,
  ): void {
    const { isFree, victim } = this.#halfOpen.placeFor(from.host);
    if (!isFree || this.#handlers?.mayShakeHands?.() === false) return;
    victim?.pump.lose(new TransportError('connect_timeout', 'others wanted the place of this handshake'));
    // After a Retry the id it gave stays the connection's.
    const scid = originalId === undefined ? randomBytes(listenerIdBytes) : Buffer.from(header.destinationId);
    // quiche 0.18 has room for the token or for the ids of a Retry, not both: such a dialer learns of a restart by its timeout.
    this.#config.setStatelessResetToken(originalId === undefined ? this.#reset.tokenOf(scid) : null);
    let native: ReturnType<Quiche['Connection']['accept']>;
    try {
      const { local } = this.#socket;
      native = this.#quiche.Connection.accept(scid, originalId ?? null, local, from, this.#config);
    } catch {
      // An address that quiche can't read, such as one with an IPv6 zone; or, after a Retry, too long an id of the dialer's.
      return;
    }
    const sha256 = this.#certificateSha256;
    const pump = new QuicPump(this.#quiche, native, this.#socket, {
      onEstablished: () => this.#handleEstablished(entry, from, sha256),
      onOver: () => this.#forget(entry),
    });
    const keys = [idKey(header.destinationId), idKey(scid)];
    const entry: Entry = { pump, keys, host: from.host, acceptedAtMs: performance.now() };
    for (const key of keys) this.#routes.set(key, entry);
    this.#halfOpen.add(entry);
    pump.handlePacket(packet, from);
  }

  #handleEstablished(entry: Entry, from: SocketAddress, sha256: Uint8Array): void {
    this.#halfOpen.delete(entry);
    const remoteAddress = { host: plainAddress(from.host), port: from.port };
    const connection = new QuicConnection(
      { transport: 'quic', role: 'listener', remoteAddress, certificateSha256: sha256 },
      entry.pump,
    );
    entry.pump.connection = connection;
    this.#connections.add(connection);
    if (this.#handlers) this.#handlers.onConnection(connection);
    else if (this.#waiting.length < waitingMax) this.#waiting.push(connection);
    else connection.close(0, 'too many connections wait');
  }

  #forget(entry: Entry): void {
    this.#halfOpen.delete(entry);
    for (const key of entry.keys) this.#routes.delete(key);
    const { connection } = entry.pump;
    if (!connection) return;
    this.#connections.delete(connection);
    this.#waiting = this.#waiting.filter((waiting) => waiting !== connection);
  }

  #answerReset(connectionId: Buffer, packetBytes: number, to: SocketAddress): void {
    if (!this.#answers.take(performance.now())) return;
    const packet = this.#reset.packetFor(connectionId, packetBytes);
    if (packet) this.#socket.send(packet, to);
  }

  /** Shorter than the packet it answers, and the listener remembers nothing. */
  #answerRetry(
    { sourceId, destinationId, version }: PacketHeader & { kind: 'long' },
    to: SocketAddress,
  ): void {
    const retryId = randomBytes(listenerIdBytes);
    const token = this.#retryTokens.make(destinationId, retryId, to, performance.now());
    const packet = Buffer.alloc(initialBytesMin);
    try {
      const length = this.#quiche.retry(sourceId, destinationId, retryId, token, version, packet);
      this.#socket.send(packet.subarray(0, length), to);
    } catch {
      // Ids longer than any we can name.
    }
  }

  #answerVersion(header: PacketHeader & { kind: 'long' }, to: SocketAddress): void {
    if (!this.#answers.take(performance.now())) return;
    const packet = Buffer.alloc(initialBytesMin);
    try {
      const length = this.#quiche.negotiateVersion(header.sourceId, header.destinationId, packet);
      this.#socket.send(packet.subarray(0, length), to);
    } catch {
      // Ids longer than any we can name.
    }
  }

  #dropStale(): void {
    const staleMs = performance.now() - handshakeMsMax;
    for (const entry of this.#halfOpen) {
      // The set is in the order of acceptance.
      if (entry.acceptedAtMs > staleMs) return;
      entry.pump.close(0, Buffer.alloc(0));
    }
  }
}

async function bindAddress(host: string): Promise<string> {
  try {
    const [address] = await resolveHost(host, resolveMsMax);
    return address ?? host;
  } catch (thrown) {
    const cause = TransportError.from(thrown);
    throw new TransportError('bind_failed', `can't listen on ${host}: ${cause.message}`, { cause });
  }
}
