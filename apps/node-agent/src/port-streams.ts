import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { ChannelStreams } from './control/control-channel.js';
import { pipeStat } from './pipe-stat.js';

/**
 * The two pipes of `open_port/2` with `nouse_stdio`: fd 3 from the BEAM, fd 4 to it.
 * @throws Error when they are not there: the agent was started by hand
 */
export function openPortStreams(): ChannelStreams {
  for (const descriptor of [3, 4]) {
    if (!isPipe(descriptor))
      throw new Error(
        `file descriptor ${descriptor} is not a port of a BEAM; the agent is started by macula's Erlang application, or as a daemon with --socket PATH`,
      );
  }
  return {
    input: new Socket({ fd: 3, readable: true, writable: false }),
    output: new Socket({ fd: 4, readable: false, writable: true }),
  };
}

function isPipe(descriptor: number): boolean {
  try {
    const found = fstatSync(descriptor, pipeStat);
    return found.isFIFO() || found.isSocket();
  } catch {
    return false;
  }
}
