import type { MeshTunnel } from './mesh-tunnel.js';
import type { Session } from './session.js';

/**
 * Over which session a tunnel asks for its next path: each try goes another way than the one before, and the first one another way than the
 * path that is silent. So a relay that is dead and isn't known to be costs one try.
 */
export class AttachRoutes {
  #reattachments = 0;
  #tries = 0;

  /** `sessions`: those that stand, most preferred first; undefined: none of them is known to live. */
  next(sessions: readonly Session[], tunnel: Pick<MeshTunnel, 'path' | 'metrics'>): Session | undefined {
    const { reattachments } = tunnel.metrics();
    if (reattachments !== this.#reattachments) this.#tries = 0;
    this.#reattachments = reattachments;
    const silent = tunnel.path?.relay;
    const fit = sessions.filter(({ isDoubted, isDraining }) => !isDoubted && !isDraining);
    const ways = [
      ...fit.filter(({ url }) => url.text !== silent),
      ...fit.filter(({ url }) => url.text === silent),
    ];
    const way = ways[this.#tries % Math.max(1, ways.length)];
    if (way !== undefined) this.#tries++;
    return way;
  }
}
