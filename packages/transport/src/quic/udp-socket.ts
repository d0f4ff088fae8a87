import dgram from 'node:dgram';
import { isIPv6 } from 'node:net';
import { TransportError } from '../errors.js';
import { packetsPerTurnMax, udpPayloadBytesMax } from '../limits.js';
import type { SocketAddress } from '../transport.js';

/** Asked of the system for both directions; it may give less (Linux: sysctl net.core.rmem_max, net.core.wmem_max). */
const socketBufferBytes = 8 * 1024 * 1024;

/**
 * A UDP socket with packet buffers that are used again.
 *
 * libuv sends at once when the system takes the packet; then the buffer is free again when `send` returns. When it
 * doesn't, the packets wait inside libuv, and fresh buffers are taken until that queue is empty.
 */
export class UdpSocket {
  readonly local: SocketAddress;
  readonly #socket: dgram.Socket;
  readonly #isConnected: boolean;
  #buffers: Buffer[] = makeBuffers();
  #bufferNext = 0;
  #closing: Promise<void> | undefined;

  private constructor(socket: dgram.Socket, isConnected: boolean) {
    this.#socket = socket;
    this.#isConnected = isConnected;
    const { address, port } = socket.address();
    this.local = { host: address, port };
  }

  /**
   * Binds; with `remote` also connects, so that `ECONNREFUSED` is reported.
   * @throws TransportError with code `bind_failed` or `unreachable`
   */
  static async open(bind: SocketAddress, remote?: SocketAddress): Promise<UdpSocket> {
    const socket = dgram.createSocket({
      type: isIPv6(bind.host) ? 'udp6' : 'udp4',
      // Only ever given IP addresses, so that nothing waits for a look-up.
      lookup: (host, _options, done) => done(null, host, isIPv6(host) ? 6 : 4),
    });
    // Without a listener an error of a send would end the process.
    socket.on('error', () => {});
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind(bind.port, bind.host, () => {
          socket.off('error', reject);
          resolve();
        });
      });
    } catch (thrown) {
      socket.close();
      throw TransportError.from(thrown, 'bind_failed');
    }
    if (remote) {
      try {
        await new Promise<void>((resolve, reject) => {
          socket.connect(remote.port, remote.host, (error?: Error) => (error ? reject(error) : resolve()));
        });
      } catch (thrown) {
        socket.close();
        throw TransportError.from(thrown, 'unreachable');
      }
    }
    try {
      socket.setRecvBufferSize(socketBufferBytes);
      socket.setSendBufferSize(socketBufferBytes);
    } catch {
      // The system's own sizes will do.
    }
    return new UdpSocket(socket, remote !== undefined);
  }

  /** Begins to deliver packets (they belong to the receiver) and errors such as `ECONNREFUSED`. */
  start(onPacket: (packet: Buffer, from: dgram.RemoteInfo) => void, onError: (error: Error) => void): void {
    this.#socket.on('message', onPacket);
    this.#socket.on('error', onError);
  }

  /** A buffer of `udpPayloadBytesMax` for the next packet; valid until it is sent. */
  packetBuffer(): Buffer {
    if (this.#bufferNext === this.#buffers.length) {
      this.#bufferNext = 0;
      if (this.#closing || this.#socket.getSendQueueCount() > 0) this.#buffers = makeBuffers();
    }
    return this.#buffers[this.#bufferNext]!;
  }

  /** Sends the packet in {@link packetBuffer}. */
  sendBuffer(length: number, to: SocketAddress): void {
    const buffer = this.#buffers[this.#bufferNext++]!;
    this.send(length === buffer.length ? buffer : buffer.subarray(0, length), to);
  }

  /** Sends a packet; a lost one is QUIC's business. */
  send(packet: Uint8Array, to: SocketAddress): void {
    if (this.#closing) return;
    try {
      if (this.#isConnected) this.#socket.send(packet, this.#reportUnsent);
      else this.#socket.send(packet, to.port, to.host);
    } catch {
      // As good as lost on the way.
    }
  }

  /** The system may report the refusal of one packet when the next is sent, and nowhere else. */
  readonly #reportUnsent = (error: Error | null): void => {
    if (error && !this.#closing) this.#socket.emit('error', error);
  };

  /** Resolves when the socket is gone. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#socket.removeAllListeners('message');
      this.#socket.close(resolve);
    });
    return this.#closing;
  }
}

function makeBuffers(): Buffer[] {
  const arena = Buffer.allocUnsafeSlow(packetsPerTurnMax * udpPayloadBytesMax);
  return Array.from({ length: packetsPerTurnMax }, (_, index) =>
    arena.subarray(index * udpPayloadBytesMax, (index + 1) * udpPayloadBytesMax),
  );
}
