import type { Socket } from 'node:net';
import type { MeshTunnelDetached, MeshTunnelResumed } from '@macula/client';
import { atom, atomMap, binary, type Term } from '@macula/dist-protocol';
import { plainTerm } from '../control/encode.js';
import type { AgentMessage } from '../control/messages.js';
import { closedGraceMs, detachedMsMax } from '../limits.js';
import type { TunnelEnd, TunnelPort } from './mesh-port.js';
import { detachReason, downReason } from './reasons.js';

/**
 * The tunnels whose local socket carries a distribution connection. States of an entry: established (`add`) → closing (the
 * BEAM said `closed`) → removed (`handleEnded`).
 */
export class TunnelTable {
  readonly #entries = new Map<string, Entry>();
  /** Why this side ends its tunnels, while it does: their own code is worded for the peer. */
  ownEnd: { readonly reason: 'left' | 'agent_stopped'; readonly text: string } | undefined;
  readonly #send: (message: AgentMessage) => void;
  readonly #nowMs: () => number;
  #onEmpty = (): void => undefined;

  constructor(send: (message: AgentMessage) => void, nowMs: () => number = () => performance.now()) {
    this.#send = send;
    this.#nowMs = nowMs;
  }

  /** Established tunnels. */
  get size(): number {
    return this.#entries.size;
  }

  /** Resolves when no tunnel is left, or after that time. */
  async whenEmpty(timeoutMs: number): Promise<void> {
    if (this.#entries.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** A tunnel is up and owns its local socket. */
  add(tunnelId: Uint8Array, tunnel: TunnelPort, socket: Socket): void {
    this.#entries.set(hex(tunnelId), { tunnelId, tunnel, socket, closing: undefined });
  }

  /** The tunnel lost its path: its connection counts as alive until then. */
  handleDetached(tunnelId: Uint8Array, { reason, untilMs }: MeshTunnelDetached): void {
    if (!this.#entries.has(hex(tunnelId))) return;
    // What is left of it, since the two ends of the channel have different clocks.
    const leftMs = Math.ceil(untilMs - this.#nowMs());
    const windowMs = Math.min(detachedMsMax, Math.max(0, leftMs));
    this.#send({ kind: 'tunnel_detached', tunnelId, windowMs, reason: detachReason(reason) });
  }

  /** It has a path again. */
  handleResumed(tunnelId: Uint8Array, { afterMs, reattachments }: MeshTunnelResumed): void {
    if (!this.#entries.has(hex(tunnelId))) return;
    this.#send({
      kind: 'tunnel_resumed',
      tunnelId,
      afterMs: Math.max(0, Math.round(afterMs)),
      reattachments,
    });
  }

  /** The tunnel is over; its local socket is closed after this call, so that the BEAM can learn why first. */
  handleEnded(tunnelId: Uint8Array, end: TunnelEnd): void {
    const entry = this.#entries.get(hex(tunnelId));
    if (entry === undefined) return;
    this.#entries.delete(hex(tunnelId));
    clearTimeout(entry.closing);
    if (this.#entries.size === 0) this.#onEmpty();
    const byOwnBeam = entry.closing !== undefined || (end.reason === 'beam_closed' && !end.byPeer);
    if (byOwnBeam) return;
    const { reason, text } = end.byPeer ? end : (this.ownEnd ?? end);
    this.#send({ kind: 'tunnel_down', tunnelId, reason: downReason(reason), text });
  }

  /**
   * The BEAM closed the socket. A tunnel that reads sees that itself, after the last bytes; one that is held back
   * (its ring is full) does not, and is closed after a moment.
   */
  handleBeamClosed(tunnelId: Uint8Array): void {
    const entry = this.#entries.get(hex(tunnelId));
    if (entry === undefined || entry.closing !== undefined) return;
    entry.closing = setTimeout(
      () => entry.tunnel.close('beam_closed', 'the node closed the connection'),
      closedGraceMs,
    );
  }

  /** After the mesh was closed: whatever is left is ended here. */
  endAll(end: TunnelEnd): void {
    for (const { tunnelId, socket } of [...this.#entries.values()]) {
      this.handleEnded(tunnelId, end);
      socket.destroySoon();
    }
  }

  /** For `status`: one map per tunnel; what `get_tunnel_metrics` shows. */
  terms(): Term[] {
    return [...this.#entries.values()].map(({ tunnelId, tunnel }) => {
      const figures = tunnel.metrics();
      return atomMap({
        id: tunnelId,
        peer: binary(tunnel.peer),
        role: atom(tunnel.role),
        bytes_in: figures.bytesIn,
        bytes_out: figures.bytesOut,
        msgs_in: figures.recordsIn,
        msgs_out: figures.recordsOut,
        rtt_ms: plainTerm(figures.srttMs),
        state: atom(figures.state ?? 'open'),
        relay: plainTerm(tunnel.path?.relay),
        transport: plainTerm(tunnel.path?.transport),
        reattachments: figures.reattachments ?? 0,
        detached_ms: plainTerm(this.#sinceMs(figures.detachedSinceMs)),
        bytes_waiting_out: figures.ringBytes,
        bytes_waiting_in: figures.waitingBytes,
      });
    });
  }

  #sinceMs(atMs: number | undefined): number | undefined {
    return atMs === undefined ? undefined : Math.max(0, this.#nowMs() - atMs);
  }
}

interface Entry {
  readonly tunnelId: Uint8Array;
  readonly tunnel: TunnelPort;
  readonly socket: Socket;
  /** Runs after the BEAM's `closed`. */
  closing: NodeJS.Timeout | undefined;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
