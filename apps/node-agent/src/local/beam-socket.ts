import { connect } from 'node:net';
import type { LocalAddress } from '../control/messages.js';
import { removeBeamSocket, staleCandidates } from './socket-directory.js';

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

/**
 * Removes what earlier BEAMs and agents of this user left behind because both were killed at once (out of memory, a container
 * that was stopped): a socket of ours that is older than a minute and refuses connections. Never rejects.
 */
export async function sweepStaleSockets(environment: NodeJS.ProcessEnv): Promise<void> {
  for (const path of staleCandidates(environment, Date.now() - staleAgeMs)) {
    if (!(await isListening(path))) removeBeamSocket(path);
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

/** A socket that is being made refuses connections between bind and listen. */
const staleAgeMs = 60_000;
const attemptsMax = 5;
/** A dying BEAM closes the port a moment before its other sockets. */
const pauseMs = 100;
