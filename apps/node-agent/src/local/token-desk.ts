import { createHash } from 'node:crypto';
import { connectMatchMs, expectedTokensMax, unclaimedSocketsMax } from '../limits.js';

/** What comes of an expected token. */
export interface TokenHandlers<Socket> {
  /** The socket that brought the token. */
  onSocket(socket: Socket): void;
  /** Nobody came within 5 s, or the desk was closed. */
  onExpired(): void;
}

/** Something that waits at the desk. */
export interface Waiting {
  /** Ends it; called when nobody claims it in time. */
  destroy(): void;
}

/**
 * Brings together a token from the control channel and the socket that shows it; either may come first and waits 5 s for
 * the other. A token works once. Tokens are kept and compared as SHA-256 only, so the time of a lookup tells nothing of use.
 */
export class TokenDesk<Socket extends Waiting> {
  readonly #expected = new Map<string, { handlers: TokenHandlers<Socket>; timer: NodeJS.Timeout }>();
  readonly #sockets = new Map<string, { socket: Socket; timer: NodeJS.Timeout }>();

  /** Tokens whose socket has not come. */
  get expectedCount(): number {
    return this.#expected.size;
  }

  /** The next socket with this token is for these handlers; false when the token is expected already or too many are. */
  expect(token: Uint8Array, handlers: TokenHandlers<Socket>): boolean {
    const key = hash(token);
    const early = this.#sockets.get(key);
    if (early !== undefined) {
      clearTimeout(early.timer);
      this.#sockets.delete(key);
      handlers.onSocket(early.socket);
      return true;
    }
    if (this.#expected.has(key) || this.#expected.size >= expectedTokensMax) return false;
    const timer = setTimeout(() => {
      this.#expected.delete(key);
      handlers.onExpired();
    }, connectMatchMs);
    timer.unref();
    this.#expected.set(key, { handlers, timer });
    return true;
  }

  /** A socket shows a token. It is ended when nobody expects the token within 5 s, or another one waits with the same. */
  show(token: Uint8Array, socket: Socket): void {
    const key = hash(token);
    const expected = this.#expected.get(key);
    if (expected !== undefined) {
      clearTimeout(expected.timer);
      this.#expected.delete(key);
      expected.handlers.onSocket(socket);
      return;
    }
    if (this.#sockets.has(key) || this.#sockets.size >= unclaimedSocketsMax) {
      socket.destroy();
      return;
    }
    const timer = setTimeout(() => {
      this.#sockets.delete(key);
      socket.destroy();
    }, connectMatchMs);
    timer.unref();
    this.#sockets.set(key, { socket, timer });
  }

  /** A waiting socket closed by itself. */
  forget(socket: Socket): void {
    for (const [key, waiting] of this.#sockets) {
      if (waiting.socket !== socket) continue;
      clearTimeout(waiting.timer);
      this.#sockets.delete(key);
    }
  }

  /** Ends everything that waits. */
  close(): void {
    const sockets = [...this.#sockets.values()];
    const expected = [...this.#expected.values()];
    this.#sockets.clear();
    this.#expected.clear();
    for (const { socket, timer } of sockets) {
      clearTimeout(timer);
      socket.destroy();
    }
    for (const { handlers, timer } of expected) {
      clearTimeout(timer);
      handlers.onExpired();
    }
  }
}

function hash(token: Uint8Array): string {
  return createHash('sha256').update(token).digest('hex');
}
