import { connect } from 'node:net';
import type { LocalAddress } from '../control/messages.js';
import { removeBeamSocket } from './socket-directory.js';

/**
 * Cleans up after a BEAM whose channel ended: removes its socket directory once nothing listens on the socket any more. A
 * BEAM that lives on (only its channel was restarted) keeps it. Takes at most half a second.
 */
export async function cleanUpAfterBeam(address: LocalAddress | undefined): Promise<void> {
  if (address?.kind !== 'local') return;
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    if (!(await isListening(address.path))) {
      removeBeamSocket(address.path);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** Whether somebody accepts connections there. */
export function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const settle = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      settle(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  });
}

const attemptsMax = 5;
/** A dying BEAM closes the port a moment before its other sockets. */
const pauseMs = 100;
