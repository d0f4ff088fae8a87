import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { BeamNode, type BeamNodeOptions } from '@macula/client';
import { freePorts } from './free-ports.js';

/**
 * A TypeScript node in this process that dials, and is dialled by, nodes over plain TCP by the port in their names, as those of the
 * carrier `tcp` do. The scenario closes it.
 */
export async function typescriptNode(
  options: Partial<BeamNodeOptions> = {},
  label = 'ts',
): Promise<BeamNode> {
  const [port] = await freePorts(1);
  return BeamNode.start({
    name: `${label}-${port}@127.0.0.1`,
    cookie: 'E2E_COOKIE',
    listen: { host: '127.0.0.1', port: port!, register: false },
    open: openByPort,
    ...options,
  });
}

/** A node `NAME-PORT@127.0.0.1` over TCP. */
export function openByPort(node: string, signal: AbortSignal): Promise<Duplex> {
  const port = Number(/-(\d+)@/.exec(node)?.[1]);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, signal });
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', reject);
  });
}
