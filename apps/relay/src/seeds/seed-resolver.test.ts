import { promises as dns } from 'node:dns';
import { afterEach, describe, expect, it } from 'vitest';
import { type DnsAnswers, type StubNameServer, startNameServer } from '../testing/name-server.js';
import { dnsResolver, type SeedResolver } from './seed-resolver.js';

let server: StubNameServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function resolverAt(answers: DnsAnswers): Promise<SeedResolver> {
  server = await startNameServer(answers);
  const resolver = new dns.Resolver({ timeout: 2000, tries: 1 });
  resolver.setServers([server.address]);
  return dnsResolver(() => resolver);
}

const v4 = { type: 'A', bytes: [192, 0, 2, 1] } as const;
const v6 = { type: 'AAAA', bytes: [0x20, 1, 0xd, 0xb8, ...new Array<number>(11).fill(0), 1] } as const;

describe('the resolver, with a name server', () => {
  it('gives the addresses of both families', async () => {
    const resolver = await resolverAt((name, type) =>
      name !== 'relays.example.org' ? 'no such name' : type === 'A' ? [v4] : [v6],
    );
    expect(await resolver.addresses('relays.example.org')).toEqual(['192.0.2.1', '2001:db8::1']);
    await expect(resolver.addresses('other.example.org')).rejects.toThrow(
      'no address of other.example.org: there is no such name (ENOTFOUND)',
    );
  });

  it.each(['A', 'AAAA'] as const)(
    'gives those of family %s where the other is missing or fails',
    async (only) => {
      for (const missing of [[], 'no such name', 'server failure'] as const) {
        const resolver = await resolverAt((_, type) => (type === only ? [type === 'A' ? v4 : v6] : missing));
        const address = only === 'A' ? '192.0.2.1' : '2001:db8::1';
        expect(await resolver.addresses('relays.example.org')).toEqual([address]);
        await server!.close();
        server = undefined;
      }
    },
  );

  it('keeps the last addresses of a family that can not be looked up, until its name server says that there are none', async () => {
    let state: readonly [] | 'server failure' | 'there' = 'there';
    const resolver = await resolverAt((_, type) => (type === 'A' ? [v4] : state === 'there' ? [v6] : state));
    const both = ['192.0.2.1', '2001:db8::1'];
    expect(await resolver.addresses('relays.example.org')).toEqual(both);
    state = 'server failure';
    expect(await resolver.addresses('relays.example.org')).toEqual(both);
    expect(await resolver.addresses('others.example.org')).toEqual(['192.0.2.1']);
    state = [];
    expect(await resolver.addresses('relays.example.org')).toEqual(['192.0.2.1']);
    state = 'server failure';
    expect(await resolver.addresses('relays.example.org')).toEqual(['192.0.2.1']);
  });

  it('says what failed when neither has any', async () => {
    const resolver = await resolverAt((_, type) => (type === 'A' ? [] : 'server failure'));
    await expect(resolver.addresses('relays.example.org')).rejects.toThrow(
      'no address of relays.example.org: the name has none (ENODATA) (A), the name server could not find out (ESERVFAIL) (AAAA)',
    );
  });

  it('gives SRV records', async () => {
    const [first, second] = [
      { target: 'a.example.org', port: 4433, priority: 1, weight: 10 },
      { target: 'b.example.org', port: 443, priority: 2, weight: 0 },
    ];
    const resolver = await resolverAt((name, type) => {
      if (name !== '_macula._tcp.example.org') return 'no such name';
      return type === 'SRV' ? [first!, second!].map((fields) => ({ type, ...fields })) : [];
    });
    const services = await resolver.services('_macula._tcp.example.org');
    expect(services).toHaveLength(2);
    expect(services).toEqual(expect.arrayContaining([first, second]));
    await expect(resolver.services('_other._tcp.example.org')).rejects.toThrow(
      'no SRV record of _other._tcp.example.org: there is no such name (ENOTFOUND)',
    );
  });
});
