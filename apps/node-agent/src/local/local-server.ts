import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { ControlError } from '../control/control-error.js';
import { FrameReader } from '../control/frame-reader.js';
import type { LocalAddress } from '../control/messages.js';
import { tokenBytes, tokenTimeoutMs, unclaimedSocketsMax } from '../limits.js';
import { makeSocketDirectory, type SocketDirectory } from './socket-directory.js';
import { TokenDesk, type TokenHandlers } from './token-desk.js';

/** Where to listen. */
export interface LocalServerOptions {
  /** `tcp` forces 127.0.0.1; `unix` falls back to it where no Unix-domain socket can be made. */
  readonly sockets: 'unix' | 'tcp';
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * The socket on which a BEAM dials its outgoing tunnels. A new socket has 5 s to send one frame with its token and is then
 * handed to whoever {@link LocalServer.expect}s that token; at most 64 may be on the way to that point.
 */
export class LocalServer {
  readonly address: LocalAddress;
  readonly #server: Server;
  readonly #directory: SocketDirectory | undefined;
  readonly #desk = new TokenDesk<Socket>();
  readonly #unclaimed = new Map<Socket, () => void>();

  private constructor(server: Server, directory: SocketDirectory | undefined) {
    this.#server = server;
    this.#directory = directory;
    this.address =
      directory === undefined
        ? { kind: 'tcp', port: (server.address() as { port: number }).port }
        : { kind: 'local', path: directory.socketPath };
    server.on('connection', (socket) => this.#handleConnection(socket));
    server.on('error', () => undefined); // accept failed (no descriptors left): the BEAM's dial times out
  }

  /** Binds the socket. Rejects with the system's error when not even 127.0.0.1 can be used. */
  static async listen({ sockets, environment }: LocalServerOptions): Promise<LocalServer> {
    const server = createServer({ noDelay: true });
    const directory =
      sockets === 'unix' && process.platform !== 'win32' ? makeSocketDirectory(environment) : undefined;
    if (directory === undefined) server.listen({ host: '127.0.0.1', port: 0 });
    else server.listen(directory.socketPath);
    try {
      await once(server, 'listening');
    } catch (error) {
      directory?.remove();
      if (directory !== undefined) return LocalServer.listen({ sockets: 'tcp', environment });
      throw error;
    }
    return new LocalServer(server, directory);
  }

  /** The socket with this token is for these handlers; false when the token is expected already. */
  expect(token: Uint8Array, handlers: TokenHandlers<Socket>): boolean {
    return this.#desk.expect(token, {
      onSocket: (socket) => {
        this.#release(socket);
        handlers.onSocket(socket);
      },
      onExpired: () => handlers.onExpired(),
    });
  }

  /** Stops listening, ends the sockets nobody claimed, removes the socket's directory. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#desk.close();
    for (const socket of this.#unclaimed.keys()) socket.destroy();
    this.#directory?.remove();
    // `close` also waits for handed-over sockets, which are their owners' business
    await Promise.race([closed, new Promise((resolve) => setImmediate(resolve))]);
  }

  #handleConnection(socket: Socket): void {
    socket.on('error', () => undefined);
    if (this.#unclaimed.size >= unclaimedSocketsMax) {
      socket.destroy();
      return;
    }
    const reader = new FrameReader({ prefixBytes: 2, bodyBytesMax: tokenBytes });
    const timer = setTimeout(() => socket.destroy(), tokenTimeoutMs);
    let shown = false;
    const onData = (bytes: Uint8Array) => {
      const token = shown ? undefined : readToken(reader, bytes);
      if (shown || token === 'malformed') {
        socket.destroy();
      } else if (token !== undefined) {
        shown = true;
        clearTimeout(timer);
        this.#desk.show(token, socket);
      }
    };
    const onOver = () => {
      this.#release(socket);
      this.#desk.forget(socket);
      socket.destroy();
    };
    this.#unclaimed.set(socket, () => {
      clearTimeout(timer);
      socket.off('data', onData);
      socket.off('end', onOver);
      socket.off('close', onOver);
    });
    socket.on('data', onData);
    socket.on('end', onOver);
    socket.on('close', onOver);
  }

  /** From now on the socket isn't ours; its new owner listens before anything more can arrive. */
  #release(socket: Socket): void {
    this.#unclaimed.get(socket)?.();
    this.#unclaimed.delete(socket);
  }
}

/** The token once its frame is complete; nothing may follow it before the agent has answered. */
function readToken(reader: FrameReader, bytes: Uint8Array): Uint8Array | 'malformed' | undefined {
  reader.push(bytes);
  try {
    const token = reader.next();
    if (token === undefined) return undefined;
    return token.length === tokenBytes && reader.bufferedBytes === 0 ? token : 'malformed';
  } catch (thrown) {
    if (thrown instanceof ControlError) return 'malformed';
    throw thrown;
  }
}
