import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { MeshTunnel } from '@macula/client';
import { clusterKey, type MeshAgent } from './mesh-agent.js';

/** A tunnel between two agents with a local socket at each end, as between two nodes. */
export class Link {
  readonly near: MeshTunnel;
  readonly far: MeshTunnel;
  readonly #nearNode: Socket;
  readonly #farNode: Socket;

  private constructor(near: End, far: End) {
    this.near = near.tunnel;
    this.far = far.tunnel;
    this.#nearNode = near.node;
    this.#farNode = far.node;
  }

  /**
   * Opens one; resolves when it is up at both ends.
   * @param name which name of `to`; default its first one
   * @throws Error with the reason why there is none
   */
  static async open(from: MeshAgent, to: MeshAgent, name: string = to.name): Promise<Link> {
    const far = to.incomingFrom(from.name).then((incoming) => {
      const tunnel = incoming.accept({ key: clusterKey });
      if (tunnel === undefined) throw new Error('the offer is unusable');
      return endOf(tunnel);
    });
    const near = endOf(from.mesh.connect({ from: from.name, to: name, key: clusterKey }));
    try {
      return new Link(...(await Promise.all([near, far])));
    } catch (cause) {
      throw new Error(`${from.name} to ${name}: ${cause instanceof Error ? cause.message : cause}`, {
        cause,
      });
    }
  }

  /** Sends so many random bytes each way at once. @throws Error unless they arrive as they were sent */
  async exchange(byteCount: number): Promise<void> {
    const [near, far] = [this.#nearNode, this.#farNode];
    await Promise.all([carry(near, far, byteCount), carry(far, near, byteCount)]);
  }

  /** Ends it as nodes do that close their sockets. */
  end(): void {
    this.#nearNode.destroy();
    this.#farNode.destroy();
  }
}

interface End {
  readonly tunnel: MeshTunnel;
  /** The node's side of the local socket. */
  readonly node: Socket;
}

/** Gives a tunnel its local socket as soon as it is up. */
async function endOf(tunnel: MeshTunnel): Promise<End> {
  await new Promise<void>((resolve, reject) =>
    tunnel.start({
      onUp: resolve,
      onConfirmed: resolve,
      onEnded: ({ reason, text }) => reject(new Error(`${reason} ${text}`.trim())),
    }),
  );
  const { agent, node } = await socketPair();
  tunnel.attachLocal(agent);
  return { tunnel, node };
}

async function socketPair(): Promise<{ agent: Socket; node: Socket }> {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP server');
  const accepted = once(server, 'connection');
  const node = connect(address.port, '127.0.0.1');
  const [agent] = await accepted;
  server.close();
  return { agent, node };
}

/** @throws Error when something else arrives, or the socket closes before all has */
function carry(from: Socket, to: Socket, byteCount: number): Promise<void> {
  const sent = randomBytes(byteCount);
  const chunks: Buffer[] = [];
  let arrived = 0;
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      to.off('data', onData);
      to.off('close', onClose);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      arrived += chunk.length;
      if (arrived < byteCount) return;
      settle(Buffer.concat(chunks).equals(sent) ? undefined : new Error('other bytes than were sent'));
    };
    const onClose = (): void => settle(new Error(`closed after ${arrived} of ${byteCount} bytes`));
    to.on('data', onData);
    to.on('close', onClose);
    from.write(sent);
  });
}
