import dns from 'node:dns';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { addressHeadStartMs } from '../limits.js';
import type { Listener, Transport } from '../transport.js';
import type { BlackHole } from './describe-transport.js';
import { hasIpv6Loopback } from './ipv6.js';
import { dialOptions, testCertificate } from './tools.js';

/** What dials and what listens. */
export interface AddressesUnderTest {
  makeDialer(): Transport;
  makeListener(): Transport;
  makeBlackHole(): Promise<BlackHole>;
}

/** Every name is resolved to these addresses, until the mocks are restored. */
export function resolveTo(...addresses: string[]): void {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  vi.spyOn(dns.promises, 'lookup').mockResolvedValue(found as never);
}

/** What transports promise that dial the addresses of a name themselves. */
export function describeSeveralAddresses(name: string, under: AddressesUnderTest): void {
  describe(`${name}, names with several addresses`, () => {
    let dialer: Transport;
    let listening: Transport;
    beforeEach(() => {
      dialer = under.makeDialer();
      listening = under.makeListener();
    });
    afterEach(async () => {
      vi.restoreAllMocks();
      await dialer.close();
      await listening.close();
    });

    const listen = async (host: string, port = 0): Promise<Listener> => {
      const listener = await listening.listen({ host, port, certificate: await testCertificate });
      listener.start({ onConnection: () => {} });
      return listener;
    };

    test('a refused address costs nothing, the next one is taken', async () => {
      const { port } = (await listen('127.0.0.1')).address;
      resolveTo('::1', '127.0.0.2', '127.0.0.1');
      const started = performance.now();
      const connection = await dialer.dial(dialOptions({ host: 'relay.test', port }));
      // The limit of the dial is 10 seconds.
      expect(performance.now() - started).toBeLessThan(2000);
      expect(connection.remoteAddress.host).toBe('127.0.0.1');
    });

    test('IPv4 is refused, IPv6 is not', async (context) => {
      context.skip(!hasIpv6Loopback, 'this machine has no IPv6 loopback');
      const { port } = (await listen('::1')).address;
      resolveTo('127.0.0.1', '::1');
      const connection = await dialer.dial(dialOptions({ host: 'localhost', port }));
      expect(connection.remoteAddress.host).toBe('::1');
    });

    test.each(['127.0.0.1', '127.0.0.2'])(
      'a silent address costs the head start, where it comes first (%s)',
      async (first) => {
        const hole = await under.makeBlackHole();
        await listen('127.0.0.2', hole.address.port);
        resolveTo(first, first === '127.0.0.1' ? '127.0.0.2' : '127.0.0.1');
        const started = performance.now();
        const connection = await dialer.dial(dialOptions({ host: 'relay.test', port: hole.address.port }));
        const ms = performance.now() - started;
        expect(connection.remoteAddress.host).toBe('127.0.0.2');
        if (first === '127.0.0.1') expect(ms).toBeGreaterThanOrEqual(addressHeadStartMs - 1);
        // The limit of the dial is 10 seconds.
        expect(ms).toBeLessThan(addressHeadStartMs + 2000);
        hole.close();
      },
    );

    test('the families are tried by turns', async (context) => {
      context.skip(!hasIpv6Loopback, 'this machine has no IPv6 loopback');
      const hole = await under.makeBlackHole();
      await listen('::1', hole.address.port);
      resolveTo('127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4', '::1');
      const started = performance.now();
      const connection = await dialer.dial(dialOptions({ host: 'relay.test', port: hole.address.port }));
      expect(connection.remoteAddress.host).toBe('::1');
      expect(performance.now() - started).toBeLessThan(addressHeadStartMs + 2000);
      hole.close();
    });

    test('when every address fails, the most telling failure is told', async () => {
      const { port } = (await listen('127.0.0.1')).address;
      resolveTo('127.0.0.2', '127.0.0.3');
      await expect(dialer.dial(dialOptions({ host: 'relay.test', port }))).rejects.toMatchObject({
        code: 'refused',
      });
      resolveTo();
      await expect(dialer.dial(dialOptions({ host: 'relay.test', port }))).rejects.toMatchObject({
        code: 'name_not_resolved',
      });
    });

    test('a wrong certificate ends the dialing: the other addresses are of the same relay', async () => {
      const { port } = (await listen('127.0.0.1')).address;
      await listen('127.0.0.2', port);
      resolveTo('127.0.0.1', '127.0.0.2');
      const options = dialOptions({ host: 'relay.test', port }, { tlsVerify: 'verify_peer' });
      await expect(dialer.dial(options)).rejects.toMatchObject({ code: 'certificate_untrusted' });
    });

    test('trusted certificates that are none', async () => {
      const { address } = await listen('127.0.0.1');
      const caPem = ['-----BEGIN CERTIFICATE-----\nx'];
      await expect(
        dialer.dial(dialOptions(address, { tlsVerify: 'verify_peer', caPem })),
      ).rejects.toMatchObject({ code: 'certificate_untrusted' });
    });
  });
}
