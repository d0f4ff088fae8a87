import { Tombstones, Tunnel, TunnelError } from '@macula/tunnel';
import { encodeMessage, type Open } from '@macula/wire';
import { refuseOpen } from './incoming-tunnel.js';
import { tombstoneSweepMs } from './limits.js';
import type { MeshTunnel } from './mesh-tunnel.js';
import type { StreamHandover } from './stream-handover.js';

/** Answers OPENs that attach to a tunnel, or hint at one: brings them to it, or says, sealed where it can, that it has ended. */
export class AttachDesk {
  readonly tombstones: Tombstones = new Tombstones();
  readonly #tunnels: () => Iterable<MeshTunnel>;
  readonly #sweep: NodeJS.Timeout;

  /** `tunnels`: all that live. */
  constructor(tunnels: () => Iterable<MeshTunnel>) {
    this.#tunnels = tunnels;
    this.#sweep = setInterval(() => this.tombstones.handleTimeout(performance.now()), tombstoneSweepMs);
    this.#sweep.unref();
  }

  /** Answers the OPEN if it attaches; else it is for a new tunnel: false. */
  answer(open: Open, handover: StreamHandover): boolean {
    try {
      const attach = Tunnel.readAttachOffer(open.offer);
      if (attach === undefined) return false;
      const tunnel = this.#find(attach.kind === 'hint' ? 'initiator' : 'responder', attach.tunnelId);
      if (attach.kind === 'hint') {
        refuseOpen(handover, tunnel === undefined ? 'unknown_tunnel' : 'superseded', '');
        tunnel?.handleHint();
      } else if (tunnel === undefined) this.#answerGone(open, handover);
      else tunnel.acceptAttach(open.offer, handover);
    } catch (thrown) {
      const { pathCode, message } = TunnelError.from(thrown);
      refuseOpen(handover, pathCode, message);
    }
    return true;
  }

  /** Forgets all. */
  close(): void {
    clearInterval(this.#sweep);
    this.tombstones.clear();
  }

  #find(role: MeshTunnel['role'], tunnelId: Uint8Array): MeshTunnel | undefined {
    for (const tunnel of this.#tunnels()) {
      if (tunnel.role === role && Buffer.from(tunnelId).equals(tunnel.tunnelId ?? nothing)) return tunnel;
    }
    return undefined;
  }

  #answerGone(open: Open, handover: StreamHandover): void {
    const gone = this.tombstones.respondAttach(open.offer, performance.now());
    if (gone === undefined) {
      refuseOpen(handover, 'unknown_tunnel', '');
      return;
    }
    const { stream, onOver } = handover;
    stream.start({
      ...{ onData: () => undefined, onEnd: () => undefined, onDrain: () => undefined },
      onClosed: () => onOver?.(),
    });
    stream.write(encodeMessage({ kind: 'open_ok', answer: gone.answer }));
    for (const record of gone.records) stream.write(record);
    stream.end();
    stream.resume();
  }
}

const nothing = new Uint8Array(0);
