import { isIPv6 } from 'node:net';
import { TransportError } from '../errors.js';
import { addressHeadStartMs, connectTimeoutMs } from '../limits.js';
import type { Connection, DialOptions, SocketAddress } from '../transport.js';
import { race } from './race.js';
import { resolveHost } from './resolve-host.js';
import { tellingError } from './telling-error.js';

/** Dials one address within so many milliseconds. */
export type DialAddress<C> = (
  remote: SocketAddress,
  options: DialOptions & { readonly connectTimeoutMs: number },
) => Promise<C>;

/**
 * Dials the addresses of a host, as RFC 8305 has it: the families by turns, each address `addressHeadStartMs` after the one before or as
 * soon as that has failed. The first open connection is kept. A certificate that is refused ends it: all addresses are of the same relay.
 * @param host where to; the URL's own, or a proxy's
 */
export async function dialAddresses<C extends Connection>(
  { host, port }: SocketAddress,
  options: DialOptions,
  dial: DialAddress<C>,
): Promise<C> {
  const deadlineMs = performance.now() + (options.connectTimeoutMs ?? connectTimeoutMs);
  const addresses = byTurns(await resolveHost(host, deadlineMs - performance.now()));
  if (addresses.length === 0) throw new TransportError('name_not_resolved', `${host} has no address`);
  const contenders = addresses.map((address) => ({
    name: '',
    dial: (signal: AbortSignal) => {
      const leftMs = Math.max(1, deadlineMs - performance.now());
      return dial({ host: address, port }, { ...options, signal, connectTimeoutMs: leftMs });
    },
  }));
  const isFinal = ({ code }: TransportError): boolean => code.startsWith('certificate_') || code === 'closed';
  const outcome = await race(contenders, {
    headStartMs: addressHeadStartMs,
    signal: options.signal,
    isFinal,
  });
  if (outcome.kind === 'won') return outcome.connection;
  throw outcome.kind === 'given_up' ? outcome.error : tellingError(outcome.failures);
}

/** IPv4 and IPv6 by turns, beginning with the family of the first, each in its order. */
function byTurns(addresses: readonly string[]): readonly string[] {
  const [first] = addresses;
  if (first === undefined) return [];
  const some = addresses.filter((address) => isIPv6(address) === isIPv6(first));
  const others = addresses.filter((address) => isIPv6(address) !== isIPv6(first));
  return some
    .flatMap((address, index) => [address, ...others.slice(index, index + 1)])
    .concat(others.slice(some.length));
}
