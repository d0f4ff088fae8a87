import { createHash } from 'node:crypto';
import { certificateSha256 } from '../certificate-pair.js';
import { onGivenUp } from '../core/give-up.js';
import { TransportError } from '../errors.js';
import { idleTimeoutMs, streamBufferBytesMax } from '../limits.js';
import type {
  CertificatePair,
  Connection,
  DialOptions,
  Listener,
  ListenOptions,
  SocketAddress,
  Transport,
} from '../transport.js';
import { MemoryConnection, type MemoryLink, type MemoryMessage } from './memory-connection.js';

const connectTimeoutMsDefault = 10_000;
const waitingMax = 64;
const portFirst = 40_000;

/** Settings of {@link createMemoryNetwork}. */
export interface MemoryNetworkOptions {
  /**
   * Runs a function after a delay in milliseconds: a virtual clock in simulations. Runs of equal delay must keep their
   * order. Default: `setImmediate` for 0, `setTimeout` for more, which doesn't keep the process alive.
   */
  readonly schedule?: (delayMs: number, run: () => void) => void;
  /** Milliseconds one way. Default 0. */
  readonly delayMs?: number;
  /** Bytes a stream has in flight at most, which also is what a stopped reader holds. Default 256 KiB. */
  readonly windowBytes?: number;
  /** Milliseconds of partition until a connection is lost. Default `idleTimeoutMs`. */
  readonly idleTimeoutMs?: number;
  /** Chance that a datagram is lost, 0 to 1. Default 0. */
  readonly datagramLoss?: number;
  /** Seed of what is random (the loss). Default 1. */
  readonly seed?: number;
}

/** Transports that reach one another in this process. Partitions hold back what is sent; nothing is lost by them. */
export interface MemoryNetwork {
  /** A transport at a host; hosts are any text, and are what links and partitions are between. */
  transport(host: string): Transport;
  /** Sets the delay one way between two hosts, milliseconds. */
  setDelay(hostA: string, hostB: string, delayMs: number): void;
  /**
   * Stops what travels between two hosts until {@link heal}; after the idle timeout their connections are lost, and who dials meanwhile
   * waits as well.
   */
  partition(hostA: string, hostB: string): void;
  /** Ends a partition: what was held back arrives. */
  heal(hostA: string, hostB: string): void;
  /** Breaks a connection at both ends (`reset`), whichever end is given; what is in flight is gone. */
  cut(connection: Connection): void;
}

/** Makes a network in memory, for tests of what is above a transport. */
export function createMemoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  return new Network(options);
}

class Network implements MemoryNetwork {
  readonly schedule: (delayMs: number, run: () => void) => void;
  readonly windowBytes: number;
  readonly idleTimeoutMs: number;
  readonly listeners: Map<string, MemoryListener> = new Map();
  readonly #pairs: Map<Connection, Pair> = new Map();
  readonly #delayMs: number;
  readonly #delays: Map<string, number> = new Map();
  /** Links that are partitioned, and what goes on when they are healed. */
  readonly #partitions: Map<string, (() => void)[]> = new Map();
  readonly #datagramLoss: number;
  #random: number;
  #portNext = portFirst;

  constructor(options: MemoryNetworkOptions) {
    this.schedule = options.schedule ?? scheduleInProcess;
    this.windowBytes = options.windowBytes ?? streamBufferBytesMax;
    this.idleTimeoutMs = options.idleTimeoutMs ?? idleTimeoutMs;
    this.#delayMs = options.delayMs ?? 0;
    this.#datagramLoss = options.datagramLoss ?? 0;
    this.#random = options.seed ?? 1;
  }

  transport(host: string): Transport {
    return new MemoryTransport(this, host);
  }

  setDelay(hostA: string, hostB: string, delayMs: number): void {
    this.#delays.set(linkKey(hostA, hostB), delayMs);
  }

  partition(hostA: string, hostB: string): void {
    const key = linkKey(hostA, hostB);
    if (!this.#partitions.has(key)) this.#partitions.set(key, []);
    for (const pair of this.#allPairs()) if (pair.linkKey === key) pair.hold();
  }

  heal(hostA: string, hostB: string): void {
    const key = linkKey(hostA, hostB);
    const waiting = this.#partitions.get(key) ?? [];
    this.#partitions.delete(key);
    for (const pair of this.#allPairs()) if (pair.linkKey === key) pair.release();
    for (const goOn of waiting) goOn();
  }

  cut(connection: Connection): void {
    this.#pairs.get(connection)?.lose(new TransportError('reset', 'the connection was cut'));
  }

  takePort(): number {
    return this.#portNext++;
  }

  /** Calls back when the link is healed; false when it isn't partitioned, and nothing will be called. */
  onceHealed(key: string, goOn: () => void): boolean {
    const waiting = this.#partitions.get(key);
    waiting?.push(goOn);
    return waiting !== undefined;
  }

  delayOf(key: string): number {
    return this.#delays.get(key) ?? this.#delayMs;
  }

  losesDatagram(): boolean {
    if (this.#datagramLoss === 0) return false;
    // A linear congruential generator (Numerical Recipes) is random enough here, and the same everywhere.
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#random / 2 ** 32 < this.#datagramLoss;
  }

  register(pair: Pair): void {
    for (const end of pair.ends) this.#pairs.set(end, pair);
  }

  unregister(pair: Pair): void {
    for (const end of pair.ends) this.#pairs.delete(end);
  }

  #allPairs(): Set<Pair> {
    return new Set(this.#pairs.values());
  }
}

/** The two ends of a connection and what is on its way between them. */
class Pair {
  readonly linkKey: string;
  readonly ends: readonly [MemoryConnection, MemoryConnection];
  readonly #network: Network;
  readonly #onWay: readonly [MemoryMessage[], MemoryMessage[]] = [[], []];
  readonly #held: [number, number] = [0, 0];
  #isHeld = false;
  #holdEpoch = 0;
  #open = 2;

  constructor(
    network: Network,
    key: string,
    facts: readonly [dialer: SocketAddress, listener: SocketAddress],
    sha256: Uint8Array,
  ) {
    this.#network = network;
    this.linkKey = key;
    const make = (index: 0 | 1): MemoryConnection =>
      new MemoryConnection(
        {
          transport: 'memory',
          role: index === 0 ? 'dialer' : 'listener',
          remoteAddress: facts[index === 0 ? 1 : 0],
          certificateSha256: sha256,
        },
        this.#linkFrom(index),
        network.windowBytes,
      );
    this.ends = [make(0), make(1)];
    network.register(this);
  }

  hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    const epoch = ++this.#holdEpoch;
    this.#network.schedule(this.#network.idleTimeoutMs, () => {
      if (this.#isHeld && this.#holdEpoch === epoch) {
        this.lose(new TransportError('idle_timeout', 'nothing was heard from the peer for the idle timeout'));
      }
    });
  }

  release(): void {
    this.#isHeld = false;
    for (const index of [0, 1] as const) {
      for (; this.#held[index] > 0; this.#held[index]--) this.#arrive(index);
    }
  }

  lose(error: TransportError): void {
    for (const queue of this.#onWay) queue.length = 0;
    for (const end of this.ends) end.lose(error);
  }

  #linkFrom(index: 0 | 1): MemoryLink {
    return {
      carry: (message) => {
        if (message.kind === 'datagram' && this.#network.losesDatagram()) return;
        this.#onWay[index].push(message);
        this.#network.schedule(this.#network.delayOf(this.linkKey), () => {
          if (this.#isHeld) this.#held[index]++;
          else this.#arrive(index);
        });
      },
      rttMs: () => this.#network.delayOf(this.linkKey) * 2,
      soon: (run) => this.#network.schedule(0, run),
      closed: () => {
        this.#open--;
        if (this.#open === 0) this.#network.unregister(this);
      },
    };
  }

  #arrive(index: 0 | 1): void {
    const message = this.#onWay[index].shift();
    if (message) this.ends[index === 0 ? 1 : 0].receive(message);
  }
}

class MemoryTransport implements Transport {
  readonly name = 'memory';
  readonly #network: Network;
  readonly #host: string;
  readonly #connections: Set<Connection> = new Set();
  readonly #listeners: Set<MemoryListener> = new Set();
  #isClosed = false;

  constructor(network: Network, host: string) {
    this.#network = network;
    this.#host = host;
  }

  async dial(options: DialOptions): Promise<Connection> {
    if (this.#isClosed) throw new TransportError('closed', 'the transport is closed');
    const { signal } = options;
    const { host, port, certificatePins } = options.url;
    const listener = this.#network.listeners.get(addressKey({ host, port }));
    const listenerHost = listener?.ownerHost ?? host;
    const key = linkKey(this.#host, listenerHost);
    if (!(await this.#roundTrip(key, options.connectTimeoutMs ?? connectTimeoutMsDefault, signal)))
      throw new TransportError('connect_timeout', `no answer from ${host}:${port} in time`);
    if (this.#isClosed) throw new TransportError('closed', 'the transport is closed');
    if (!listener || listener.isClosed)
      throw new TransportError('refused', `nothing listens at ${host}:${port}`);
    const sha256 = listener.certificateSha256;
    if (certificatePins.length > 0 && !certificatePins.some((pin) => Buffer.compare(pin, sha256) === 0)) {
      throw new TransportError('certificate_wrong_pin', `the certificate of ${host} is not pinned`);
    }
    const local = { host: this.#host, port: this.#network.takePort() };
    const pair = new Pair(this.#network, key, [local, listener.address], sha256);
    this.#connections.add(pair.ends[0]);
    listener.accept(pair.ends[1]);
    return pair.ends[0];
  }

  async listen(options: ListenOptions): Promise<Listener> {
    if (this.#isClosed) throw new TransportError('closed', 'the transport is closed');
    const address = { host: options.host, port: options.port || this.#network.takePort() };
    if (this.#network.listeners.has(addressKey(address))) {
      throw new TransportError('bind_failed', `address in use: ${addressKey(address)}`);
    }
    const listener = new MemoryListener(address, this.#host, options.certificate, () => {
      this.#network.listeners.delete(addressKey(address));
      this.#listeners.delete(listener);
    });
    this.#network.listeners.set(addressKey(address), listener);
    this.#listeners.add(listener);
    return listener;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const connection of this.#connections) connection.close(0, 'transport closed');
    this.#connections.clear();
    await Promise.all([...this.#listeners].map((listener) => listener.close()));
  }

  /** A handshake's way there and back; false when it took too long. */
  #roundTrip(key: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    const network = this.#network;
    let forget = (): void => {};
    return new Promise<boolean>((resolve, reject) => {
      const tripMs = network.delayOf(key) * 2;
      const arrive = (): void => {
        if (!network.onceHealed(key, arrive)) resolve(true);
        else network.schedule(timeoutMs - tripMs, () => resolve(false));
      };
      if (tripMs > timeoutMs) network.schedule(timeoutMs, () => resolve(false));
      else network.schedule(tripMs, arrive);
      forget = onGivenUp(signal, reject);
    }).finally(() => forget());
  }
}

class MemoryListener implements Listener {
  readonly address: SocketAddress;
  /** The host of the transport that listens. */
  readonly ownerHost: string;
  certificateSha256: Uint8Array;
  isClosed = false;
  readonly #onClosed: () => void;
  readonly #connections: Set<Connection> = new Set();
  #waiting: Connection[] = [];
  #handlers: { onConnection(connection: Connection): void } | undefined;

  constructor(address: SocketAddress, ownerHost: string, certificate: CertificatePair, onClosed: () => void) {
    this.address = address;
    this.ownerHost = ownerHost;
    this.certificateSha256 = sha256Of(certificate);
    this.#onClosed = onClosed;
  }

  start(handlers: { onConnection(connection: Connection): void }): void {
    this.#handlers = handlers;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const connection of waiting) handlers.onConnection(connection);
  }

  setCertificate(certificate: CertificatePair): void {
    this.certificateSha256 = sha256Of(certificate);
  }

  async close(code = 0): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const connection of this.#connections) connection.close(code, 'listener closed');
    this.#connections.clear();
    this.#onClosed();
  }

  accept(connection: MemoryConnection): void {
    for (const known of this.#connections)
      if ((known as MemoryConnection).closed) this.#connections.delete(known);
    this.#connections.add(connection);
    if (this.#handlers) this.#handlers.onConnection(connection);
    else if (this.#waiting.length < waitingMax) this.#waiting.push(connection);
    else connection.close(0, 'too many connections wait');
  }
}

/** Tests may give any text as certificate; it isn't checked here. */
function sha256Of({ certPem }: CertificatePair): Uint8Array {
  try {
    return certificateSha256(certPem);
  } catch {
    return new Uint8Array(createHash('sha256').update(certPem).digest());
  }
}

function linkKey(hostA: string, hostB: string): string {
  return hostA < hostB ? `${hostA} ${hostB}` : `${hostB} ${hostA}`;
}

function addressKey({ host, port }: SocketAddress): string {
  return `${host}:${port}`;
}

function scheduleInProcess(delayMs: number, run: () => void): void {
  // Unreferenced: what is left of a network must not keep a process alive.
  if (delayMs > 0) setTimeout(run, delayMs).unref();
  else setImmediate(run);
}
