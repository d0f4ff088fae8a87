import type { AccessRules } from './access/access-rules.js';
import { type HostPort, hostPortText, type RelayConfig } from './config.js';
import { RelayError } from './errors.js';

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
 * A realm that needs no token is for development, or meant.
 * @throws RelayError `open_realm` when it would be open to others and nobody said that this is meant
 */
export function requireMeantOpen(
  config: Pick<RelayConfig, 'listen' | 'listenQuinn' | 'open'>,
  { hasOpenRealm }: Pick<AccessRules, 'hasOpenRealm'>,
): void {
  const reachable = reachableAddress(config);
  if (reachable === undefined || config.open || !hasOpenRealm) return;
  throw new RelayError(
    'open_realm',
    `${hostPortText(reachable)} can be reached by others, and everybody could join without a token`,
    'Let the realms need tokens (macula relay --access-file), or say that it is meant: macula relay --open.',
  );
}
