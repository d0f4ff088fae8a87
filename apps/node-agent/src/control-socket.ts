import { once } from 'node:events';
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname, resolve } from 'node:path';
import { makePrivateDirectory } from '@macula/transport';
import { socketPathBytesMax } from './limits.js';
import { isListening } from './local/beam-socket.js';
import { pipeStat } from './pipe-stat.js';

/**
 * Binds the control socket of a daemon: mode 0600, in a directory of mode 0700 that is made when it isn't there. A socket file
 * that a dead agent left behind is replaced; its file goes when the server closes.
 * @throws Error with cause and remedy
 */
export async function listenForControl(path: string): Promise<Server> {
  const absolute = resolve(path);
  if (Buffer.byteLength(absolute) > socketPathBytesMax)
    throw new Error(`the path of the control socket is longer than ${socketPathBytesMax} bytes: ${absolute}`);
  requirePrivateDirectory(dirname(absolute));
  await removeStale(absolute);
  const server = createServer();
  server.listen(absolute);
  await once(server, 'listening');
  server.on('error', () => undefined); // accept failed: no descriptors left
  chmodSync(absolute, 0o600);
  return server;
}

function requirePrivateDirectory(directory: string): void {
  makePrivateDirectory(directory);
  const found = lstatSync(directory);
  const uid = process.getuid?.();
  if (!found.isDirectory()) throw new Error(`${directory} is not a directory; use another path`);
  if (uid !== undefined && found.uid !== uid)
    throw new Error(
      `${directory} belongs to user ${found.uid}; put the control socket into a directory of your own`,
    );
  if (uid !== undefined && (found.mode & 0o077) !== 0) {
    const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
    throw new Error(
      `other users can enter ${directory} (mode ${mode}); chmod 700 it, or put the control socket into a directory of its own`,
    );
  }
}

async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { ...pipeStat, throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${path} exists and is no socket; remove it or use another path`);
  if (await isListening(path))
    throw new Error(`an agent is already running at ${path}; stop it or use another path`);
  unlinkSync(path);
}
