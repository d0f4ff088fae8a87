import { randomBytes } from 'node:crypto';
import type dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { quiche } from '@matrixai/quic/native/index.js';
import { listenerIdBytes, makeDialConfig, makeListenConfig, type NativeConnection } from '../quic/native.js';
import type { SocketAddress } from '../transport.js';
import { newConnectionId, packetKeys, shortPacket } from './quic-packets.js';
import { bindUdp, testCertificate } from './tools.js';

const tuning = { idleTimeoutMs: 5000, streamsMax: 8 };
/** Far above what the binding itself numbers in the handshake. */
const packetNumberFirst = 1000;

/**
 * Frames after which quiche 0.18 keeps a connection id, number 1, that it also means to retire. As soon as another path of the
 * connection uses it, which is when the sender's address changes, `send` never returns: no packet may retire its own id.
 */
export function endlessRetirement(): Uint8Array[] {
  const id = (sequence: number, retirePriorTo: number): Buffer =>
    newConnectionId(sequence, retirePriorTo, Buffer.alloc(20, sequence), Buffer.alloc(16, sequence));
  return [id(5, 5), id(1, 0), id(1, 0)];
}

/** What is known after a handshake. */
interface Handshake {
  /** Of the direction in which the peer sends. */
  readonly secret: Uint8Array;
  readonly packetsSent: number;
}

/**
 * A peer that makes its handshake with the binding, and then sends packets with whatever frames it likes: the binding logs the
 * secrets of its connection, as for a network analyser.
 */
export class HostilePeer {
  /** Packets that came since the handshake, on all sockets. */
  answers = 0;
  /** Datagrams sent, those of the handshake included. */
  packetsSent: number;
  readonly #remote: SocketAddress;
  readonly #destinationId: Uint8Array;
  readonly #secret: Uint8Array;
  #socket: dgram.Socket;
  #packetNumber = packetNumberFirst;

  private constructor(
    native: NativeConnection,
    socket: dgram.Socket,
    options: { readonly remote: SocketAddress } & Handshake,
  ) {
    this.packetsSent = options.packetsSent;
    this.#destinationId = native.destinationId();
    this.#socket = socket;
    this.#remote = options.remote;
    this.#secret = options.secret;
    this.#count();
  }

  /** Dials; `sourceId` is its connection id, empty in an honest dialer. */
  static async dial(remote: SocketAddress, sourceId: Uint8Array): Promise<HostilePeer> {
    const socket = await bindUdp();
    const config = makeDialConfig(quiche, { verify: false, ca: null }, tuning);
    config.logKeys();
    const local = addressOf(socket);
    const native = quiche.Connection.connect(null, sourceId, local, remote, config);
    const done = await handshake(native, socket, { remote, label: 'CLIENT_TRAFFIC_SECRET_0' });
    return new HostilePeer(native, socket, { remote, ...done });
  }

  /** Listens for one dialer; `peer` resolves when its handshake is done. */
  static async listen(): Promise<{ readonly address: SocketAddress; readonly peer: Promise<HostilePeer> }> {
    const socket = await bindUdp();
    const config = makeListenConfig(quiche, await testCertificate, tuning);
    config.logKeys();
    const accept = async (): Promise<HostilePeer> => {
      const [packet, from] = (await once(socket, 'message')) as [Buffer, dgram.RemoteInfo];
      const remote = { host: from.address, port: from.port };
      const local = addressOf(socket);
      const native = quiche.Connection.accept(randomBytes(listenerIdBytes), null, local, remote, config);
      const label = 'SERVER_TRAFFIC_SECRET_0';
      const done = await handshake(native, socket, { remote, label, packet });
      return new HostilePeer(native, socket, { remote, ...done });
    };
    return { address: addressOf(socket), peer: accept() };
  }

  /** Sends the frames in a packet of their own; resolves when the system has it. */
  async send(...frames: readonly Uint8Array[]): Promise<void> {
    const keys = packetKeys(this.#secret);
    const packet = shortPacket(keys, this.#destinationId, this.#packetNumber++, Buffer.concat(frames));
    await sendTo(this.#socket, packet, this.#remote);
    this.packetsSent++;
  }

  /** Sends from another port from now on. */
  async move(): Promise<void> {
    this.#socket.close();
    this.#socket = await bindUdp();
    this.#count();
  }

  close(): void {
    this.#socket.close();
  }

  #count(): void {
    this.#socket.on('message', () => this.answers++);
  }
}

/** Goes through the handshake, and reads the secret that the label names from the log. */
async function handshake(
  native: NativeConnection,
  socket: dgram.Socket,
  options: { readonly remote: SocketAddress; readonly label: string; readonly packet?: Buffer },
): Promise<Handshake> {
  const { remote, label } = options;
  const local = addressOf(socket);
  const folder = await mkdtemp(path.join(tmpdir(), 'macula-hostile-'));
  try {
    native.setKeylog(path.join(folder, 'keys'));
    let { packet } = options;
    let packetsSent = 0;
    for (;;) {
      if (packet) native.recv(packet, { from: remote, to: local });
      const arriving = once(socket, 'message');
      packetsSent += await flush(native, socket, remote);
      if (native.isEstablished()) break;
      [packet] = (await arriving) as [Buffer];
    }
    const line = new RegExp(`^${label} \\S+ (\\S+)`, 'm').exec(
      await readFile(path.join(folder, 'keys'), 'utf8'),
    );
    if (!line) throw new Error(`the binding logged no ${label}`);
    return { packetsSent, secret: Buffer.from(line[1]!, 'hex') };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function flush(native: NativeConnection, socket: dgram.Socket, remote: SocketAddress): Promise<number> {
  for (let count = 0; ; count++) {
    const packet = Buffer.alloc(1350);
    const sent = native.send(packet);
    if (sent === null) return count;
    await sendTo(socket, packet.subarray(0, sent[0]), remote);
  }
}

function sendTo(socket: dgram.Socket, packet: Uint8Array, { host, port }: SocketAddress): Promise<void> {
  return new Promise((resolve, reject) =>
    socket.send(packet, port, host, (error) => (error ? reject(error) : resolve())),
  );
}

function addressOf(socket: dgram.Socket): SocketAddress {
  return { host: '127.0.0.1', port: socket.address().port };
}
