import { randomBytes } from 'node:crypto';
import { establishTimeoutDefaultMs, Tunnel, type TunnelOptions } from '@macula/tunnel';
import type { Open } from '@macula/wire';
import type { MeshTunnelOptions } from './mesh-tunnel-types.js';

/** Of the side that asks. */
export interface InitiatorOptions extends MeshTunnelOptions {
  readonly from: string;
  readonly to: string;
}

/** Of the side that is asked. */
export interface ResponderOptions extends MeshTunnelOptions {
  readonly open: Open;
}

/**
 * Gives the tunnel core of one attempt after the other, each with a handshake of its own; undefined when the time for all of them is over.
 * @throws TunnelError `bad_option`
 */
export function initiatorCores(options: InitiatorOptions): () => Tunnel | undefined {
  const { establishTimeoutMs = establishTimeoutDefaultMs } = options.limits ?? {};
  const deadlineMs = performance.now() + establishTimeoutMs;
  let attempts = 0;
  return () => {
    const nowMs = performance.now();
    if (attempts++ > 0 && nowMs >= deadlineMs) return undefined;
    const limits = { ...options.limits, establishTimeoutMs: Math.ceil(deadlineMs - nowMs) };
    return Tunnel.initiate(
      { ...common(options), ownName: options.from, peerName: options.to, limits },
      nowMs,
    );
  };
}

/** @throws TunnelError `bad_offer`, `version_unsupported`, `decrypt_failed`, `bad_option` */
export function responderCore(options: ResponderOptions): Tunnel {
  const { open, bootId, tombstones } = options;
  const own = { bootId, tombstones, limits: { ...options.limits } };
  return Tunnel.respond(
    { ...common(options), ...own, ownName: open.to, peerName: open.from },
    open.offer,
    performance.now(),
  );
}

function common(
  options: MeshTunnelOptions,
): Pick<TunnelOptions, 'realm' | 'tunnelKey' | 'random'> & Partial<TunnelOptions> {
  const { protocol, realm, key, netTicktime, ringBudget } = options;
  return { protocol, realm, tunnelKey: key, random: randomBytes, ticktimeSeconds: netTicktime, ringBudget };
}
