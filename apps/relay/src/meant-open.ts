import type { AccessRules } from './access/access-rules.js';
import { type HostPort, hostPortText, type RelayConfig } from './config.js';
import { RelayError } from './errors.js';

/** What somebody gets without a token, a listed key or a secret. */
export interface Openness {
  /** A realm needs no token. */
  readonly realm: boolean;
  /** Every relay that connects may peer, and lets its nodes into every realm, also those that need a token. */
  readonly peering: boolean;
}

/** What some rules leave open; a mesh secret is an admission of relays, too. */
export function opennessOf(
  { hasOpenRealm, admitsEveryRelay }: Pick<AccessRules, 'hasOpenRealm' | 'admitsEveryRelay'>,
  { hasMeshSecret }: { readonly hasMeshSecret: boolean },
): Openness {
  return { realm: hasOpenRealm, peering: admitsEveryRelay && !hasMeshSecret };
}

/** Whether others than this machine's own programs can reach an address to listen at: everything but loopback. */
export function isReachable({ host }: HostPort): boolean {
  return !(host === 'localhost' || host === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/i.test(host));
}

/** The first address it listens at that others can reach. */
export function reachableAddress({
  listen,
  listenQuinn,
}: Pick<RelayConfig, 'listen' | 'listenQuinn'>): HostPort | undefined {
  return [listen, listenQuinn].find((at) => at !== undefined && isReachable(at));
}

/**
 * A relay that lets in who just comes, as a node or as a relay, is for development, or meant.
 * @throws RelayError `open_realm` or `open_peering` when it would be open to others and nobody said that this is meant
 */
export function requireMeantOpen(
  config: Pick<RelayConfig, 'listen' | 'listenQuinn' | 'open'>,
  { realm, peering }: Openness,
): void {
  const reachable = reachableAddress(config);
  if (reachable === undefined || config.open) return;
  const at = `${hostPortText(reachable)} can be reached by others`;
  if (realm) {
    throw new RelayError(
      'open_realm',
      `${at}, and everybody could join without a token`,
      `Let the realms need tokens (--access-file)${peering ? ` and ${sayWhoPeers}` : ''}, or say that it is meant: macula relay --open.`,
    );
  }
  if (peering) {
    throw new RelayError(
      'open_peering',
      `${at}, and every relay could peer and let its nodes into every realm without a token`,
      `S${sayWhoPeers.slice(1)}; or say that it is meant: macula relay --open.`,
    );
  }
}

const sayWhoPeers =
  'say which relays may peer (--mesh-secret-file, --peer-id, or "relays" in the access file, [] for none)';
