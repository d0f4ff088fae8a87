import dns from 'node:dns';
import { isIP } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Connection, SocketAddress } from '../transport.js';
import type { Bench } from './describe-transport.js';
import { skipWithoutIpv6 } from './ipv6.js';
import { dialOptions, Inbox, testCertificate } from './tools.js';

const loopbacks = ['127.0.0.1', '::1'] as const;

/** IPv4, IPv6 and both. */
export function addressCases(bench: Bench): void {
  describe('addresses', () => {
    const listen = async (host: string): Promise<{ address: SocketAddress; accepted: Inbox<Connection> }> => {
      const certificate = await testCertificate;
      const listener = await bench.pair().listener.listen({ host, port: 0, certificate });
      const accepted = new Inbox<Connection>();
      listener.start({ onConnection: (connection) => accepted.push(connection) });
      return { address: listener.address, accepted };
    };

    test.for(loopbacks)('a listener at %s', async (host, context) => {
      skipWithoutIpv6(context, host);
      const { address, accepted } = await listen(host);
      expect(address.host).toBe(host);
      const near = await bench.pair().dialer.dial(dialOptions(address));
      expect(near.remoteAddress).toEqual(address);
      expect((await accepted.next()).remoteAddress.host).toBe(host);
    });

    test('a listener at :: serves IPv4 as well, and tells plain addresses', async (context) => {
      skipWithoutIpv6(context, '::');
      const { address, accepted } = await listen('::');
      for (const host of loopbacks) {
        const near = await bench.pair().dialer.dial(dialOptions({ host, port: address.port }));
        expect(near.remoteAddress).toEqual({ host, port: address.port });
        const far = await accepted.next();
        expect(far.remoteAddress.host).toBe(host);
        // Packets find the way back.
        const answered = new Promise((resolve) => {
          near.start({ onStream: resolve, onClosed: resolve });
        });
        far.openStream().write(Buffer.from('x'));
        expect(await answered).toHaveProperty('bufferedBytes');
      }
    });

    test('localhost: each of its addresses is tried', async () => {
      for (const { address: host } of await dns.promises.lookup('localhost', { all: true })) {
        const { address } = await listen(host);
        const near = await bench.pair().dialer.dial(dialOptions(address, { host: 'localhost' }));
        expect(near.remoteAddress).toEqual(address);
      }
    });

    test('listening at a name', async () => {
      const { address } = await listen('localhost');
      expect(isIP(address.host)).toBeGreaterThan(0);
      const near = await bench.pair().dialer.dial(dialOptions(address));
      expect(near.remoteAddress).toEqual(address);
    });
  });
}
