import type { Socket } from 'node:net';
import { nodeNameBytesMax } from '@macula/wire';
import { ControlError } from '../control/control-error.js';
import type { ConnectMessage } from '../control/messages.js';
import type { LocalServer } from '../local/local-server.js';
import type { EventReporter } from './events.js';
import type { MeshPort } from './mesh-port.js';
import { OutgoingTunnel, sendFailure } from './outgoing-tunnel.js';
import { failureOf, remedies } from './reasons.js';
import type { TunnelTable } from './tunnel-table.js';

/** What {@link Outgoing} works with. */
export interface OutgoingOptions {
  /** The mesh of now; undefined when not joined. */
  readonly mesh: () => MeshPort | undefined;
  /** Why a join fails, when it does. */
  readonly joinError: () => string | undefined;
  /** The mesh of a join whose code is just being loaded. */
  readonly meshSoon: () => Promise<MeshPort | undefined>;
  readonly tunnels: TunnelTable;
  readonly events: EventReporter;
  /** DIST_TIMEOUT of now, milliseconds. */
  readonly negotiationMs: () => number;
}

/** Outgoing tunnels of one BEAM: brings `connect` messages and dialled sockets together. */
export class Outgoing {
  readonly #options: OutgoingOptions;
  readonly #active = new Set<OutgoingTunnel>();

  constructor(options: OutgoingOptions) {
    this.#options = options;
  }

  /**
   * The BEAM announces a tunnel.
   * @throws ControlError `bad_order` when its token is in use
   */
  handleConnect(request: ConnectMessage, server: LocalServer): void {
    const taken = server.expect(request.token, {
      onSocket: (socket) => {
        void this.#begin(request, socket).finally(() => request.key.fill(0));
      },
      onExpired: () => request.key.fill(0),
    });
    request.token.fill(0);
    if (!taken)
      throw new ControlError('bad_order', 'connect with a token that is in use, or too many of them');
  }

  /** Gives up what isn't up yet. */
  end(): void {
    for (const tunnel of [...this.#active]) tunnel.cancel('the agent ends');
  }

  async #begin({ node, self, key }: ConnectMessage, socket: Socket): Promise<void> {
    const wrong = [node, self].find((name) => !isNodeName(name));
    if (wrong !== undefined) {
      sendFailure(socket, 'bad_name', `"${wrong}" is not a node name. ${remedies.bad_name}`);
      return;
    }
    // A node that joins from its environment may ping in its first moment (`-remsh`, `-eval`): the join comes first.
    const mesh = this.#options.mesh() ?? (await this.#meshSoon(socket));
    if (socket.destroyed) return;
    if (mesh === undefined) {
      const why = this.#options.joinError();
      const text =
        why === undefined
          ? `this node is in no mesh. ${remedies.not_joined}`
          : `this node could not join. ${why}. It tries again by itself`;
      sendFailure(socket, 'not_joined', `${node}: ${text}`);
      return;
    }
    try {
      const tunnel = mesh.connect({ from: self, to: node, key: Uint8Array.from(key) });
      const { tunnels, events, negotiationMs } = this.#options;
      const outgoing: OutgoingTunnel = new OutgoingTunnel({
        socket,
        tunnel,
        node,
        negotiationMs: negotiationMs(),
        tunnels,
        events,
        onOver: () => queueMicrotask(() => this.#active.delete(outgoing)),
      });
      this.#active.add(outgoing);
    } catch (thrown) {
      const text = thrown instanceof Error ? thrown.message : String(thrown);
      const failure = failureOf({ reason: 'internal', text, byPeer: false }, node);
      sendFailure(socket, failure.reason, failure.text);
    }
  }

  async #meshSoon(socket: Socket): Promise<MeshPort | undefined> {
    const ignore = (): void => undefined; // a broken socket is destroyed, which is looked at afterwards
    socket.on('error', ignore);
    try {
      return await this.#options.meshSoon();
    } finally {
      socket.off('error', ignore);
    }
  }
}

/** `name@host`, both parts non-empty, no control characters; what else a name may hold is Erlang's business. */
export function isNodeName(name: string): boolean {
  return /^[^@\s\p{Cc}]+@[^@\s\p{Cc}]+$/u.test(name) && Buffer.byteLength(name) <= nodeNameBytesMax;
}
