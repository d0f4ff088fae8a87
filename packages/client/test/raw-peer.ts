import { atom, Pid, type Signal, supportedFlags } from '@macula/dist-protocol';
import type { BeamNode } from '../src/beam-node/index.js';
import { NodeLink } from '../src/beam-node/node-link.js';
import { streamPair } from './stream-pair.js';

/** A node of any name that sends whatever signals a test wants, and keeps what comes. */
export interface RawPeer {
  /** One of its processes. */
  readonly pid: Pid;
  /** What has come, in order. */
  readonly signals: readonly Signal[];
  send(signal: Signal): void;
}

/** Connects a raw peer with a node whose cookie is `SECRET`. */
export async function rawPeer(node: BeamNode, name: string, flags = supportedFlags): Promise<RawPeer> {
  const [here, there] = streamPair();
  node.accept(there);
  const pid = new Pid({ node: atom(name), id: 7, serial: 0, creation: 9 });
  const signals: Signal[] = [];
  const link = await new Promise<NodeLink>((resolve, reject) => {
    const made: NodeLink = new NodeLink(
      here,
      {
        local: { name, creation: 9, flags },
        challenge: 1,
        dialled: { name: node.name, cookie: Buffer.from('SECRET') },
        handshakeTimeoutMs: 5_000,
        tickTimeMs: 60_000,
        termLimits: {},
        channelLimits: {},
      },
      {
        decide: () => ({ status: 'not_allowed' }),
        giveName: () => ({ status: 'not_allowed' }),
        isOtherDead: () => true,
        onUp: () => resolve(made),
        onSignal: (signal) => signals.push(signal),
        onUnreadable: () => {},
        onEnd: ({ error }) => reject(error),
      },
    );
  });
  return { pid, signals, send: (signal) => link.send(signal, undefined) };
}
