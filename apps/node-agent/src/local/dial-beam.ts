import { connect, type Socket } from 'node:net';
import type { LocalAddress } from '../control/messages.js';
import { beamDialMs } from '../limits.js';

/** What comes of {@link dialBeam}; exactly one of them is called, at most once. */
export interface DialHandlers {
  onConnected(socket: Socket): void;
  /** The socket is destroyed already. */
  onFailed(why: string): void;
}

/** Connects to the BEAM's listen socket. The result gives up the attempt: nothing is called any more. */
export function dialBeam(address: LocalAddress, handlers: DialHandlers): () => void {
  const socket =
    address.kind === 'local'
      ? connect({ path: address.path })
      : connect({ host: '127.0.0.1', port: address.port, noDelay: true });
  let pending = true;
  const settle = (): boolean => {
    const first = pending;
    pending = false;
    clearTimeout(timer);
    return first;
  };
  const fail = (why: string) => {
    if (!settle()) return;
    socket.destroy();
    handlers.onFailed(why);
  };
  const timer = setTimeout(() => fail(`no answer within ${beamDialMs} ms`), beamDialMs);
  socket.on('error', (error) => fail(error.message));
  socket.once('connect', () => {
    if (settle()) handlers.onConnected(socket);
  });
  return () => {
    if (settle()) socket.destroy();
  };
}
