import dns from 'node:dns';
import { isIP, isIPv6 } from 'node:net';
import { TransportError } from '../errors.js';
import type { SocketAddress } from '../transport.js';

/**
 * The addresses of a host, in the order to try them; one that is an address is its own.
 * @throws TransportError `name_not_resolved`, or `connect_timeout` after `timeoutMs`
 */
export async function resolveHost(host: string, timeoutMs: number): Promise<readonly string[]> {
  if (isIP(host)) return [host];
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const error = new TransportError('connect_timeout', `the name ${host} was not resolved in time`);
    timer = setTimeout(() => reject(error), timeoutMs);
  });
  try {
    const found = await Promise.race([dns.promises.lookup(host, { all: true }), timeout]);
    return found.map(({ address }) => address);
  } catch (thrown) {
    throw TransportError.from(thrown, 'name_not_resolved');
  } finally {
    clearTimeout(timer);
  }
}

/** An address for people: `host:port`, IPv6 in brackets. */
export function describeAddress({ host, port }: SocketAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
