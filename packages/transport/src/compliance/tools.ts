import dgram from 'node:dgram';
import { once } from 'node:events';
import { makeDevCertificate } from '../dev-certificate.js';
import { parseRelayUrl } from '../relay-url.js';
import type {
  CertificatePair,
  Connection,
  ConnectionClosed,
  DialOptions,
  SocketAddress,
  Stream,
  StreamClosed,
} from '../transport.js';

/** The certificate that tests listen with, for `localhost`, 127.0.0.1 and ::1; made once. */
export const testCertificate: Promise<CertificatePair> = makeDevCertificate({
  names: ['localhost'],
  ips: ['127.0.0.1', '::1'],
  days: 2,
});

/** A promise and what settles it. */
export class Deferred<T> {
  readonly promise: Promise<T>;
  resolve!: (value: T) => void;

  constructor() {
    this.promise = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }
}

/** Events in order, each waited for once. */
export class Inbox<T> {
  #items: T[] = [];
  #waiters: ((item: T) => void)[] = [];

  push(item: T): void {
    const waiter = this.#waiters.shift();
    if (waiter) waiter(item);
    else this.#items.push(item);
  }

  /** Items that nobody has taken. */
  get size(): number {
    return this.#items.length;
  }

  next(): Promise<T> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve) => this.#waiters.push(resolve));
  }
}

/** A connection with its events as promises. */
export class TestConnection {
  readonly connection: Connection;
  readonly streams: Inbox<Stream> = new Inbox();
  readonly datagrams: Inbox<Uint8Array> = new Inbox();
  readonly closed: Promise<ConnectionClosed>;

  constructor(connection: Connection) {
    this.connection = connection;
    const closed = new Deferred<ConnectionClosed>();
    this.closed = closed.promise;
    connection.start({
      onStream: (stream) => this.streams.push(stream),
      onDatagram: (bytes) => this.datagrams.push(bytes),
      onClosed: closed.resolve,
    });
  }
}

/** A stream that collects what it is told. */
export class TestStream {
  readonly stream: Stream;
  readonly chunks: Uint8Array[] = [];
  bytes = 0;
  readonly ended: Promise<void>;
  readonly closed: Promise<StreamClosed>;
  isEnded = false;
  isClosed = false;
  #drained = new Deferred<void>();
  #watch: (() => void)[] = [];

  constructor(stream: Stream, onData?: (bytes: Uint8Array) => void) {
    this.stream = stream;
    const ended = new Deferred<void>();
    const closed = new Deferred<StreamClosed>();
    this.ended = ended.promise;
    this.closed = closed.promise;
    stream.start({
      onData: (bytes) => {
        if (this.isEnded || this.isClosed) throw new Error('data after the end');
        this.bytes += bytes.length;
        if (onData) onData(bytes);
        else this.chunks.push(bytes);
        const watch = this.#watch;
        this.#watch = [];
        for (const look of watch) look();
      },
      onEnd: () => {
        if (this.isEnded || this.isClosed) throw new Error('a second end');
        this.isEnded = true;
        ended.resolve();
      },
      onDrain: () => {
        const drained = this.#drained;
        this.#drained = new Deferred();
        drained.resolve();
      },
      onClosed: (reason) => {
        if (this.isClosed) throw new Error('closed twice');
        this.isClosed = true;
        this.#drained.resolve();
        closed.resolve(reason);
      },
    });
  }

  /** Writes everything, waiting where `write` says so. */
  async writeAll(chunks: Iterable<Uint8Array>): Promise<void> {
    for (const chunk of chunks) {
      const drained = this.#drained.promise;
      if (!this.stream.write(chunk)) await drained;
    }
  }

  /** Resolves when so many bytes have come. */
  async received(bytes: number): Promise<void> {
    while (this.bytes < bytes) await new Promise<void>((resolve) => this.#watch.push(resolve));
  }

  text(): string {
    return Buffer.concat(this.chunks).toString();
  }
}

/** How to dial an address, accepting its certificate. */
export function dialOptions(
  address: SocketAddress,
  more: Partial<DialOptions> & { fragment?: string; host?: string } = {},
): DialOptions {
  const { fragment, host, ...rest } = more;
  const name = host ?? (address.host.includes(':') ? `[${address.host}]` : address.host);
  return {
    url: parseRelayUrl(`https://${name}:${address.port}${fragment ?? ''}`),
    tlsVerify: 'none',
    ...rest,
  };
}

/** Repeatable bytes. */
export function patternBytes(length: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = seed >>> 0 || 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** A UDP proxy between a dialer and a listener, which can change its address towards the listener or fall silent. */
export class UdpProxy {
  readonly address: SocketAddress;
  /** The last packet of the dialer. */
  lastPacket: Buffer | undefined;
  /** Called with a copy of each packet that passes. */
  onPacket: ((packet: Buffer, to: 'listener' | 'dialer') => void) | undefined;
  readonly #front: dgram.Socket;
  /** Kept open so that no later one gets the same port, which would be no change. */
  readonly #formerBacks: dgram.Socket[] = [];
  #target: SocketAddress;
  #back: dgram.Socket;
  #client: dgram.RemoteInfo | undefined;
  #isSevered = false;
  #isLost: (to: 'listener' | 'dialer') => boolean = () => false;
  /** What a packet has to pass, towards the listener and towards the dialer. */
  #lines: { readonly listener: Line; readonly dialer: Line } | undefined;

  private constructor(front: dgram.Socket, back: dgram.Socket, target: SocketAddress) {
    this.#front = front;
    this.#back = back;
    this.#target = target;
    this.address = { host: '127.0.0.1', port: front.address().port };
    front.on('message', (packet, from) => {
      this.#client = from;
      this.lastPacket = Buffer.from(packet);
      this.onPacket?.(this.lastPacket, 'listener');
      this.#carry('listener', packet, () => this.#back.send(packet, this.#target.port, this.#target.host));
    });
    this.#listen(back);
  }

  static async open(target: SocketAddress): Promise<UdpProxy> {
    return new UdpProxy(await bindUdp(), await bindUdp(), target);
  }

  /** The port that the listener sees. */
  get backPort(): number {
    return this.#back.address().port;
  }

  /** From now on the listener sees another source port, as after a NAT forgot its entry. */
  async rebind(): Promise<void> {
    const back = await bindUdp();
    this.#listen(back);
    this.#back.removeAllListeners('message');
    this.#formerBacks.push(this.#back);
    this.#back = back;
  }

  /** From now on packets go to another listener. */
  redirect(target: SocketAddress): void {
    this.#target = target;
  }

  /** From now on each packet is lost with this probability, in both directions; `random` gives numbers from 0 to 1. */
  lose(share: number, random: () => number): void {
    this.#isLost = () => random() < share;
  }

  /** Whether packets to the dialer are lost, all of them. */
  mute(isMuted: boolean): void {
    this.#isLost = (to) => isMuted && to === 'dialer';
  }

  /** From now on each way is a line of this speed and length, with a queue in front of it. */
  slow(options: LineOptions): void {
    this.#lines = { listener: new Line(options), dialer: new Line(options) };
  }

  /** Nothing passes any more. */
  sever(): void {
    this.#isSevered = true;
  }

  /** Sends the listener a packet from the dialer's address. */
  inject(packet: Uint8Array): void {
    this.#back.send(packet, this.#target.port, this.#target.host);
  }

  /** Sends the dialer a packet from the address it takes for the listener's. */
  injectBack(packet: Uint8Array): void {
    if (this.#client) this.#front.send(packet, this.#client.port, this.#client.address);
  }

  close(): void {
    this.sever();
    for (const socket of [this.#front, this.#back, ...this.#formerBacks]) socket.close();
  }

  #carry(to: 'listener' | 'dialer', packet: Buffer, send: () => void): void {
    if (this.#isSevered || this.#isLost(to)) return;
    if (!this.#lines) send();
    else
      this.#lines[to].carry(packet.length, () => {
        if (!this.#isSevered) send();
      });
  }

  #listen(back: dgram.Socket): void {
    back.on('message', (packet) => {
      this.onPacket?.(Buffer.from(packet), 'dialer');
      const client = this.#client;
      if (client) this.#carry('dialer', packet, () => this.#front.send(packet, client.port, client.address));
    });
  }
}

/** How slow a {@link UdpProxy} is. */
export interface LineOptions {
  readonly bytesPerSecond?: number;
  /** Milliseconds one way. Default 0. */
  readonly delayMs?: number;
  /** Bytes that wait for the line at most; what comes beyond is lost. Default 128 KiB. */
  readonly queueBytes?: number;
}

/** One way of a slow line. */
class Line {
  readonly #bytesPerMs: number;
  readonly #delayMs: number;
  readonly #queueBytes: number;
  #freeAtMs = 0;

  constructor({
    bytesPerSecond = Number.POSITIVE_INFINITY,
    delayMs = 0,
    queueBytes = 128 * 1024,
  }: LineOptions) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#delayMs = delayMs;
    this.#queueBytes = queueBytes;
  }

  carry(bytes: number, arrive: () => void): void {
    const nowMs = performance.now();
    const freeAtMs = Math.max(nowMs, this.#freeAtMs);
    if ((freeAtMs - nowMs) * this.#bytesPerMs > this.#queueBytes) return;
    this.#freeAtMs = freeAtMs + bytes / this.#bytesPerMs;
    setTimeout(arrive, this.#freeAtMs - nowMs + this.#delayMs);
  }
}

/** A bound UDP socket on loopback. */
export async function bindUdp(): Promise<dgram.Socket> {
  const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 });
  socket.on('error', () => {});
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/**
 * How many sockets, pipes, processes and timers this process has beyond those of `before`, once what is closing is
 * closed; only kinds with more are listed.
 */
export async function resources(
  before: Readonly<Record<string, number>> = {},
): Promise<Record<string, number>> {
  let more: Record<string, number> = {};
  // Handles go away in later turns of the event loop; a timer to wait with would count itself.
  for (let turn = 0; turn < 2000; turn++) {
    const counts: Record<string, number> = { UDPWrap: 0, ProcessWrap: 0, PipeWrap: 0, Timeout: 0 };
    for (const kind of process.getActiveResourcesInfo()) if (kind in counts) counts[kind]!++;
    more = {};
    for (const [kind, count] of Object.entries(counts)) {
      if (count > (before[kind] ?? 0)) more[kind] = count - (before[kind] ?? 0);
    }
    if (turn > 100 && more.UDPWrap === undefined && more.ProcessWrap === undefined) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return more;
}
