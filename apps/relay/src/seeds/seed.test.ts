import { mutate, runsOf } from '@macula/testkit';
import { parseRelayUrl } from '@macula/transport';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RelayError } from '../errors.js';
import { dnsName, parseSeed, type Seed, seedText } from './seed.js';

const pinned = `https://relay.example.org:4433#id=${'b'.repeat(43)}`;

function errorOf(text: string): RelayError {
  try {
    parseSeed(text);
  } catch (thrown) {
    if (thrown instanceof RelayError) return thrown;
    throw thrown;
  }
  throw new Error(`${text} is taken`);
}

describe('parseSeed', () => {
  it.each<[string, Seed]>([
    [pinned, { kind: 'url', url: pinned }],
    [' tls://[::1] ', { kind: 'url', url: 'tls://[::1]' }],
    ['dns:relays.example.org', { kind: 'dns', host: 'relays.example.org', port: 4433 }],
    ['DNS:Relays.Example.org.:443', { kind: 'dns', host: 'relays.example.org', port: 443 }],
    ['srv:_macula._tcp.example.org', { kind: 'srv', name: '_macula._tcp.example.org' }],
    ['srv:macula.service.consul', { kind: 'srv', name: 'macula.service.consul' }],
  ])('%s', (text, seed) => {
    expect(parseSeed(text)).toEqual(seed);
    expect(parseSeed(seedText(seed))).toEqual(seed);
  });

  it.each([
    ['', 'must look like', 'dns:relays.example.org:4433'],
    ['relay.example.org:4433', 'must look like', 'https://relay.example.org:4433'],
    ['dns://relays.example.org', 'the scheme must be one of', 'dns:relays.example.org:4433'],
    ['http://relay', 'the scheme must be one of', 'https://relay.example.org:4433'],
    ['https://me@relay', 'user name', 'https://relay.example.org:4433'],
    ['dns:', 'is no name', 'dns:relays.example.org:4433'],
    ['dns:a b', 'is no name', 'dns:relays.example.org:4433'],
    ['dns:a..b', 'is no name', 'dns:relays.example.org:4433'],
    [`dns:${'a'.repeat(64)}`, 'is no name', 'dns:relays.example.org:4433'],
    [`dns:${'a.'.repeat(130)}b`, 'is no name', 'dns:relays.example.org:4433'],
    ['dns:relays:0', 'port', 'dns:relays.example.org:4433'],
    ['dns:relays:65536', 'port', 'dns:relays.example.org:4433'],
    ['dns:relays:', 'port', 'dns:relays.example.org:4433'],
    ['dns:relays:1:2', 'one port', 'dns:relays.example.org:4433'],
    ['dns:192.0.2.1', 'is an address', 'https://192.0.2.1:4433'],
    ['dns:192.0.2.1:443', 'is an address', 'https://192.0.2.1:4433'],
    ['dns:10.1', 'is no name', 'dns:relays.example.org:4433'],
    ['dns:2001:db8::1', 'is an address', 'https://[2001:db8::1]:4433'],
    ['dns:[2001:db8::1]:4433', 'is an address', 'https://[2001:db8::1]:4433'],
    ['srv:_macula._tcp.example.org:4433', 'SRV record', 'srv:_macula._tcp.example.org'],
  ])('"%s" is bad_seed', (text, why, remedy) => {
    const error = errorOf(text);
    expect(error.code).toBe('bad_seed');
    expect(error.message).toContain(why);
    expect(error.remedy).toContain(remedy);
  });

  it('mutated seeds are seeds that can be looked up or dialled, or bad_seed', () => {
    const texts = [pinned, 'dns:relays.example.org:4433', 'srv:_macula._tcp.example.org'].map((text) =>
      Buffer.from(text),
    );
    let parsed = 0;
    fc.assert(
      fc.property(
        fc.nat(texts.length - 1),
        fc.uint8Array({ minLength: 1, maxLength: 8 }),
        (index, recipe) => {
          const text = Buffer.from(mutate(texts[index]!, texts[0]!, recipe)).toString();
          try {
            const seed = parseSeed(text);
            expect(parseSeed(seedText(seed))).toEqual(seed);
            if (seed.kind === 'url') expect(parseRelayUrl(seed.url).port).toBeGreaterThan(0);
            else expect(dnsName(seed.kind === 'dns' ? seed.host : seed.name)).toBeDefined();
            parsed++;
          } catch (thrown) {
            expect(thrown).toMatchObject({ name: 'RelayError', code: 'bad_seed' });
            expect((thrown as RelayError).remedy).not.toBe('');
          }
        },
      ),
      { numRuns: runsOf(process.env, 3000) },
    );
    expect(parsed).toBeGreaterThan(0);
  });
});
