import dgram from 'node:dgram';
import { isIPv6 } from 'node:net';
import { TransportError } from '../errors.js';
import type { SocketAddress } from '../transport.js';

/**
 * Tells a port where nothing listens, and an address to which there is no way, from silence. The binding's sockets are not
 * connected, so that the system never reports this to it; a connected one gets it with the answer to a single byte,
 * which a QUIC listener drops.
 */
export class RefusalProbe {
  /** Rejects with `refused` or `unreachable`; never resolves. */
  readonly refused: Promise<never>;
  readonly #socket: dgram.Socket;

  constructor({ host, port }: SocketAddress) {
    const socket = dgram.createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    this.#socket = socket;
    this.refused = new Promise((_, reject) => {
      socket.on('error', (cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ECONNREFUSED') {
          reject(new TransportError('refused', `nothing listens at ${host} port ${port}`, { cause }));
        } else if (cause.code === 'ENETUNREACH' || cause.code === 'EHOSTUNREACH') {
          reject(new TransportError('unreachable', `no way to ${host} port ${port}`, { cause }));
        }
      });
    });
    this.refused.catch(() => {});
    socket.connect(port, host, () => socket.send(Buffer.alloc(1), () => {}));
  }

  /** Closes the socket. */
  close(): void {
    this.#socket.close();
  }
}
