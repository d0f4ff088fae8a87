import type { RelayUrl } from '@macula/transport';
import { leaveDelaysMs } from './limits.js';
import type { MeshTunnel } from './mesh-tunnel.js';

/** Brings the tunnels of a relay that is about to stop to another one, after the other nodes have had time to be there, too. */
export function leaveRelay(relay: RelayUrl, tunnels: () => Iterable<MeshTunnel>): void {
  for (const [role, delayMs] of leaveDelaysMs)
    setTimeout(() => {
      for (const tunnel of tunnels())
        if (tunnel.role === role && tunnel.path?.relay === relay.text) tunnel.leavePath();
    }, delayMs).unref();
}
