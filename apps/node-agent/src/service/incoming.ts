import type { Socket } from 'node:net';
import type { AcceptMessage, AgentMessage, ErlangInteger, LocalAddress } from '../control/messages.js';
import { incomingAnswerMs, incomingPendingMax } from '../limits.js';
import { incomingFrame } from '../local/answer-frames.js';
import { dialBeam } from '../local/dial-beam.js';
import type { EventReporter } from './events.js';
import type { IncomingRequest, TunnelEnd, TunnelPort } from './mesh-port.js';
import type { TunnelTable } from './tunnel-table.js';

/** Where the BEAM listens, and as whom. */
export interface BeamListener {
  readonly node: string;
  readonly address: LocalAddress;
}

/** What {@link Incoming} works with. */
export interface IncomingOptions {
  /** Undefined while the BEAM doesn't listen. */
  readonly listener: () => BeamListener | undefined;
  readonly send: (message: AgentMessage) => void;
  readonly tunnels: TunnelTable;
  readonly events: EventReporter;
}

/** Incoming tunnels of one BEAM: asks it for the key, dials it once the peer has proven that it has the key, too. */
export class Incoming {
  readonly #options: IncomingOptions;
  readonly #pending = new Map<ErlangInteger, { request: IncomingRequest; timer: NodeJS.Timeout }>();
  readonly #active = new Set<IncomingTunnelLife>();
  #lastId = 0;

  constructor(options: IncomingOptions) {
    this.#options = options;
  }

  /** Requests that wait for the BEAM's answer. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  /** A peer asks for a tunnel. */
  handleRequest(request: IncomingRequest): void {
    const node = this.#options.listener()?.node;
    if (node === undefined) {
      request.refuse('refused', 'the node does not accept connections');
    } else if (request.to !== node) {
      request.refuse('not_here', `this agent serves ${node}`);
    } else if (this.#pending.size >= incomingPendingMax) {
      request.refuse('busy', 'too many connections wait for the node');
    } else {
      this.#ask(request);
    }
  }

  /** The BEAM agrees. An unknown id is ignored: the request may be over. */
  handleAccept({ id, token, key }: AcceptMessage): void {
    const request = this.#take(id);
    if (request === undefined) return;
    const tunnel = request.accept({ key: Uint8Array.from(key) });
    key.fill(0);
    if (tunnel === undefined) return; // the peer's offer was unusable and has been refused
    const life: IncomingTunnelLife = new IncomingTunnelLife({
      ...this.#options,
      tunnel,
      token,
      peer: request.from,
      onOver: () => queueMicrotask(() => this.#active.delete(life)),
    });
    this.#active.add(life);
  }

  /** The BEAM doesn't. */
  handleRefuse(id: ErlangInteger, reason: string): void {
    this.#take(id)?.refuse('refused', `the node refused the connection: ${refusals[reason] ?? reason}`);
  }

  /** Refuses what waits, gives up what isn't up. */
  end(): void {
    for (const id of [...this.#pending.keys()]) this.#take(id)?.refuse('agent_stopped', 'the node has left');
    for (const life of [...this.#active]) life.cancel();
  }

  #ask(request: IncomingRequest): void {
    const id = ++this.#lastId;
    const timer = setTimeout(() => {
      this.#pending.delete(id);
      request.refuse('timeout', `the node did not answer its agent within ${incomingAnswerMs} ms`);
    }, incomingAnswerMs);
    this.#pending.set(id, { request, timer });
    this.#options.send({ kind: 'incoming', id, peer: request.from });
  }

  #take(id: ErlangInteger): IncomingRequest | undefined {
    const found = this.#pending.get(id);
    if (found === undefined) return undefined;
    clearTimeout(found.timer);
    this.#pending.delete(id);
    return found.request;
  }
}

/** Sentences for the reasons of PROTOCOL.md. */
const refusals: Readonly<Record<string, string>> = {
  not_listening: 'it does not listen',
  name_type:
    'it runs with short names (-sname) and the calling node with long ones (-name); start both in the same way',
};

interface IncomingTunnelLifeOptions extends IncomingOptions {
  readonly tunnel: TunnelPort;
  /** For the BEAM; wiped when it was sent. */
  readonly token: Uint8Array;
  readonly peer: string;
  readonly onOver: () => void;
}

/** States: proving (the peer) → dialling (the BEAM) → up → over; over from each. */
class IncomingTunnelLife {
  readonly #options: IncomingTunnelLifeOptions;
  #state: 'proving' | 'dialling' | 'up' | 'over' = 'proving';
  #giveUpDial: (() => void) | undefined;

  constructor(options: IncomingTunnelLifeOptions) {
    this.#options = options;
    const { tunnel, events, peer } = options;
    tunnel.start({
      onConfirmed: () => this.#handleConfirmed(),
      onWarning: (kind, text) => events.reportTunnelWarning({ peer, direction: 'in', kind, text }),
      onDetached: (info) => {
        if (this.#state === 'up') options.tunnels.handleDetached(tunnel.tunnelId!, info);
      },
      onResumed: (info) => {
        if (this.#state === 'up') options.tunnels.handleResumed(tunnel.tunnelId!, info);
      },
      onEnded: (end) => this.#handleEnded(end),
    });
  }

  cancel(): void {
    if (this.#state === 'proving' || this.#state === 'dialling')
      this.#options.tunnel.close('agent_stopped', 'the agent ends');
  }

  #handleConfirmed(): void {
    if (this.#state !== 'proving') return;
    const { listener, tunnel, events, peer } = this.#options;
    events.reportProven(peer);
    const address = listener()?.address;
    if (address === undefined) {
      tunnel.close('refused', 'the node no longer accepts connections');
      return;
    }
    this.#state = 'dialling';
    this.#giveUpDial = dialBeam(address, {
      onConnected: (socket) => this.#handleConnected(socket),
      onFailed: (why) => tunnel.close('refused', `the agent could not reach its node: ${why}`),
    });
  }

  #handleConnected(socket: Socket): void {
    const { tunnel, tunnels, token } = this.#options;
    const { tunnelId } = tunnel;
    if (this.#state !== 'dialling' || tunnelId === undefined) {
      socket.destroy();
      return;
    }
    this.#state = 'up';
    const first = incomingFrame(token, tunnelId);
    token.fill(0);
    socket.write(first, () => first.fill(0));
    tunnels.add(tunnelId, tunnel, socket);
    tunnel.attachLocal(socket);
  }

  #handleEnded(end: TunnelEnd): void {
    if (this.#state === 'over') return;
    const { events, peer, tunnel, tunnels, token, onOver } = this.#options;
    events.reportTunnelEnd({ peer, direction: 'in', end });
    if (this.#state === 'up') tunnels.handleEnded(tunnel.tunnelId!, end);
    this.#giveUpDial?.();
    this.#state = 'over';
    token.fill(0);
    onOver();
  }
}
