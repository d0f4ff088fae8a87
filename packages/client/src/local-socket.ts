import type { Socket } from 'node:net';

/** What the local socket tells its tunnel. */
export interface LocalSocketHandlers {
  onData(bytes: Uint8Array): void;
  /** The kernel took this many more delivered bytes. */
  onAccepted(byteCount: number): void;
  /** The node closed its end, or the socket broke. */
  onClosed(): void;
}

/** The socket between agent and node, as a tunnel needs it. A node never half-closes: its end is the end of both directions. */
export class LocalSocket {
  readonly #socket: Socket;
  readonly #handlers: LocalSocketHandlers;
  #closed = false;

  constructor(socket: Socket, handlers: LocalSocketHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    const close = (): void => {
      if (this.#closed) return;
      this.#closed = true;
      handlers.onClosed();
    };
    socket.setNoDelay?.(true);
    socket.on('error', close);
    socket.on('end', close);
    socket.on('close', close);
  }

  /** Begins to read, with what was read before first. */
  start(alreadyRead: Uint8Array = new Uint8Array(0)): void {
    if (alreadyRead.length > 0) this.#handlers.onData(alreadyRead);
    this.#socket.on('data', (bytes: Uint8Array) => this.#handlers.onData(bytes));
    this.#socket.resume(); // a socket that was paused before stays so otherwise
    if (this.#socket.destroyed || this.#socket.readableEnded) this.#handlers.onClosed();
  }

  write(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      this.#socket.write(piece, (error) => {
        if (!error) this.#handlers.onAccepted(piece.length);
      });
    }
  }

  /** Lets the pieces of one turn leave in one system call. */
  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  /** Closes after the delay, once the kernel has taken what was written; at once when the node closes before. */
  closeAfterDelivery(delayMs: number): void {
    const socket = this.#socket;
    if (this.#closed) delayMs = 0;
    this.#closed = true;
    socket.resume();
    if (delayMs === 0) {
      socket.destroySoon();
      return;
    }
    const timer = setTimeout(() => socket.destroySoon(), delayMs);
    socket.once('close', () => clearTimeout(timer));
  }
}
