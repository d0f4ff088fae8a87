import type { Socket } from 'node:net';
import { farewellMs, progressIntervalMs, progressSpacingMs } from '../limits.js';
import { errorFrame, openFrame, progressFrame } from '../local/answer-frames.js';
import type { EventReporter } from './events.js';
import type { TunnelEnd, TunnelPort } from './mesh-port.js';
import { failureOf, type LocalReason } from './reasons.js';
import type { TunnelTable } from './tunnel-table.js';

/** What an outgoing tunnel works with. */
export interface OutgoingTunnelOptions {
  /** The BEAM's socket; its token was right. */
  readonly socket: Socket;
  readonly tunnel: TunnelPort;
  /** The node to reach, for texts. */
  readonly node: string;
  /** DIST_TIMEOUT, milliseconds. */
  readonly negotiationMs: number;
  readonly tunnels: TunnelTable;
  readonly events: EventReporter;
  /** Once, when the tunnel is over or failed. */
  readonly onOver: () => void;
}

/**
 * An outgoing tunnel from the token to its end.
 *
 * States: negotiating (`"p"` frames; the socket is read only to see it close) → up (`"o"`, the tunnel owns the socket) →
 * over; or negotiating → over with an `"e"` frame, or without one when the BEAM closed first.
 */
export class OutgoingTunnel {
  readonly #options: OutgoingTunnelOptions;
  readonly #progress: NodeJS.Timeout;
  readonly #deadline: NodeJS.Timeout;
  #state: 'negotiating' | 'up' | 'over' = 'negotiating';
  #lastProgressMs = Number.NEGATIVE_INFINITY;

  constructor(options: OutgoingTunnelOptions) {
    this.#options = options;
    this.#progress = setInterval(() => this.#sendProgress(), progressIntervalMs);
    this.#deadline = setTimeout(() => this.#handleDeadline(), options.negotiationMs);
    const { socket, tunnel } = options;
    socket.on('error', ignore);
    socket.on('data', this.#handleEarlyData);
    socket.on('end', this.#handleLocalClosed);
    socket.on('close', this.#handleLocalClosed);
    tunnel.start({
      onProgress: () => this.#sendProgress(),
      onUp: () => this.#handleUp(),
      onWarning: (kind, text) =>
        options.events.reportTunnelWarning({ peer: options.node, direction: 'out', kind, text }),
      onDetached: (info) => {
        if (this.#state === 'up') options.tunnels.handleDetached(tunnel.tunnelId!, info);
      },
      onResumed: (info) => {
        if (this.#state === 'up') options.tunnels.handleResumed(tunnel.tunnelId!, info);
      },
      onEnded: (end) => this.#handleEnded(end),
    });
    // a socket that closed between its token and now has told nobody
    if (socket.destroyed || socket.readableEnded) this.#handleLocalClosed();
    else this.#sendProgress();
  }

  /** Gives up a negotiation; a tunnel that is up belongs to the table. */
  cancel(text: string): void {
    if (this.#state === 'negotiating') this.#options.tunnel.close('agent_stopped', text);
  }

  readonly #handleEarlyData = (): void => {
    // the BEAM may not speak before "o"
    this.#options.socket.destroy();
    this.#handleLocalClosed();
  };

  readonly #handleLocalClosed = (): void => {
    if (this.#state !== 'negotiating') return;
    this.#settle('over');
    this.#options.socket.destroy();
    this.#options.tunnel.close('beam_closed', 'the node gave up this connection');
    this.#options.onOver();
  };

  #handleUp(): void {
    if (this.#state !== 'negotiating') return;
    const { socket, tunnel, tunnels } = this.#options;
    if (tunnel.tunnelId === undefined) {
      this.#fail('internal', 'the tunnel has no id');
      tunnel.close('tunnel_error', 'the tunnel has no id');
      return;
    }
    this.#settle('up');
    socket.write(openFrame(tunnel.tunnelId));
    tunnels.add(tunnel.tunnelId, tunnel, socket);
    tunnel.attachLocal(socket);
  }

  #handleEnded(end: TunnelEnd): void {
    const { tunnel, node, events, tunnels, onOver } = this.#options;
    events.reportTunnelEnd({ peer: node, direction: 'out', end });
    if (this.#state === 'up') {
      this.#state = 'over';
      tunnels.handleEnded(tunnel.tunnelId!, end);
      onOver();
    } else if (this.#state === 'negotiating') {
      const { reason, text } = failureOf(end, node);
      this.#fail(reason, text);
    }
  }

  #handleDeadline(): void {
    const { negotiationMs, node, tunnel } = this.#options;
    const { text } = failureOf(
      { reason: 'timeout', text: `no tunnel within ${negotiationMs} ms`, byPeer: false },
      node,
    );
    this.#fail('timeout', text);
    tunnel.close('timeout', `no tunnel within ${negotiationMs} ms`);
  }

  #fail(reason: LocalReason, text: string): void {
    this.#settle('over');
    sendFailure(this.#options.socket, reason, text);
    this.#options.onOver();
  }

  #sendProgress(): void {
    const nowMs = performance.now();
    if (this.#state !== 'negotiating' || nowMs - this.#lastProgressMs < progressSpacingMs) return;
    this.#lastProgressMs = nowMs;
    this.#options.socket.write(progressFrame());
  }

  #settle(state: 'up' | 'over'): void {
    this.#state = state;
    clearInterval(this.#progress);
    clearTimeout(this.#deadline);
    const { socket } = this.#options;
    socket.off('data', this.#handleEarlyData);
    socket.off('end', this.#handleLocalClosed);
    socket.off('close', this.#handleLocalClosed);
  }
}

/** Sends the `"e"` frame and ends the socket, by force when the BEAM doesn't close its side within a second. */
export function sendFailure(socket: Socket, reason: LocalReason, text: string): void {
  socket.on('error', ignore);
  if (socket.destroyed) return;
  socket.end(errorFrame(reason, text));
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), farewellMs);
  socket.once('close', () => clearTimeout(timer));
}

/** A reset by the BEAM shows as `close`, too. */
function ignore(): void {}
