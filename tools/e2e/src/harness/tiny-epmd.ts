import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import {
  decodeEpmdRequest,
  EpmdError,
  type EpmdRequest,
  type EpmdResponse,
  encodeEpmdResponse,
} from '@macula/dist-protocol';

type Registration = Extract<EpmdRequest, { readonly kind: 'alive' }>;

/** An EPMD in this process, of the codec of `@macula/dist-protocol` and a table of names: nodes don't tell it from the real one. */
export class TinyEpmd {
  /** Why connections were closed without an answer. */
  readonly errors: EpmdError[] = [];
  readonly #nodes = new Map<string, Registration>();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #port: number;
  #creations = 4;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.#port = port;
    server.on('connection', (socket) => this.#serve(socket));
  }

  /** Starts it on a port of this machine. */
  static async start(port: number): Promise<TinyEpmd> {
    const server = createServer({ allowHalfOpen: true }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new TinyEpmd(server, port);
  }

  /** Names of the nodes that are registered. */
  get names(): string[] {
    return [...this.#nodes.keys()].sort();
  }

  /** Ends it, and all connections. */
  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let bytes: Uint8Array = new Uint8Array(0);
    const read = (isComplete: boolean) => {
      try {
        const request = decodeEpmdRequest(bytes, isComplete);
        if (request === undefined) return;
        socket.removeAllListeners('data');
        socket.resume();
        const response = this.#answer(request, socket);
        socket.write(encodeEpmdResponse(request, response));
        if (response.kind !== 'registered') socket.end();
      } catch (error) {
        if (!(error instanceof EpmdError)) throw error;
        this.errors.push(error);
        socket.destroy();
      }
    };
    socket.on('data', (more: Uint8Array) => {
      bytes = Buffer.concat([bytes, more]);
      read(false);
    });
    socket.on('end', () => socket.end());
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #answer(request: EpmdRequest, socket: Socket): EpmdResponse {
    switch (request.kind) {
      case 'alive':
        if (this.#nodes.has(request.name)) return { kind: 'name_taken' };
        this.#nodes.set(request.name, request);
        socket.on('close', () => this.#nodes.delete(request.name));
        return { kind: 'registered', creation: this.#creations++ };
      case 'port': {
        const node = this.#nodes.get(request.name);
        if (node === undefined) return { kind: 'no_such_node' };
        const { port, isHidden, highestVersion = 6, lowestVersion = 6 } = node;
        return { kind: 'port', port, isHidden, highestVersion, lowestVersion };
      }
      case 'names': {
        const nodes = [...this.#nodes.values()].map(({ name, port }) => ({ name, port }));
        return { kind: 'names', epmdPort: this.#port, nodes };
      }
    }
  }
}
