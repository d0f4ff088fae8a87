import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import type { SocketAddress } from '../transport.js';

/** A TCP proxy between a dialer and a listener, which can fall silent. */
export class TcpProxy {
  readonly address: SocketAddress;
  readonly #server: net.Server;
  readonly #sockets: Set<net.Socket> = new Set();

  private constructor(server: net.Server, target: SocketAddress) {
    this.#server = server;
    this.address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    server.on('connection', (front) => {
      const back = net.connect(target);
      this.#sockets.add(front).add(back);
      for (const [from, to] of [
        [front, back],
        [back, front],
      ] as const) {
        from.setNoDelay(true);
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.on('close', () => to.destroy());
      }
    });
  }

  static async open(target: SocketAddress): Promise<TcpProxy> {
    return new TcpProxy(await bindTcp(), target);
  }

  /** Nothing passes any more, and no connection is closed. */
  sever(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** A TCP server on loopback that accepts, and says nothing; at any free port where none is named. */
export async function bindTcp(port = 0): Promise<net.Server> {
  const server = net.createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** An address that accepts TCP connections and says nothing. */
export async function tcpBlackHole(): Promise<{ address: SocketAddress; close(): void }> {
  const server = await bindTcp();
  const sockets: net.Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket.on('error', () => {})));
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
