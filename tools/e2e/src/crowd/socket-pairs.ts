import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Both ends of a local connection. */
export interface SocketPair {
  /** Not read from yet. */
  readonly agent: Socket;
  readonly node: Socket;
}

/** Makes pairs of connected local sockets, as between an agent and its node. */
export class SocketPairs {
  readonly #path: string;
  readonly #server: Server;
  #last: Promise<unknown>;

  /** @param path of the socket's file */
  constructor(path: string) {
    this.#path = path;
    this.#server = createServer({ pauseOnConnect: true });
    this.#last = once(this.#server.listen(path), 'listening');
  }

  /** One after the other, so that each end has its other one. */
  next(): Promise<SocketPair> {
    const made = this.#last.then(async () => {
      const node = connect(this.#path);
      node.on('error', () => {}); // the tunnel's end tells
      const [agent] = (await once(this.#server, 'connection')) as [Socket];
      return { agent, node };
    });
    this.#last = made;
    return made;
  }
}
