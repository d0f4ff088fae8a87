import { identityFromSeed } from '@macula/crypto';
import { mutate, runsOf } from '@macula/testkit';
import { parseRelayUrl } from '@macula/transport';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseAccessFile } from './access/access-file.js';
import { parseRelayConfig, type RelayConfigInput } from './config.js';
import { RelayError } from './errors.js';
import { parseQuotaLimits } from './quota/parse-quota-limits.js';
import { parseSeed, seedText } from './seeds/seed.js';

const valid: RelayConfigInput = {
  listen: '[::1]:4433',
  peers: ['https://relay.example.org:4433#id=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'],
  seeds: ['https://relay.example.org:4433', 'dns:relays.example.org:4433', 'srv:_macula._tcp.example.org'],
  advertise: 'https://relay.example.org:4433',
  peerIdentities: ['bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'],
  realms: ['io.macula'],
  admin: '127.0.0.1:9090',
  label: 'first',
  sessionsMax: 5,
};

it('mutated settings are settings within their bounds, or a RelayError with a remedy', () => {
  const text = Buffer.from(JSON.stringify(valid));
  let parsed = 0;
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 8 }), fc.jsonValue(), (recipe, value) => {
      for (const input of [jsonOf(mutate(text, text, recipe)), { ...valid, [pick(value)]: value }]) {
        try {
          const { listen, sessionsMax, realms, seeds, advertise } = parseRelayConfig(input, {});
          expect(listen.port).toBeLessThanOrEqual(65_535);
          expect(sessionsMax).toBeGreaterThan(0);
          for (const realm of realms) expect(realm).not.toBe('');
          for (const seed of seeds) expect(parseSeed(seedText(seed))).toEqual(seed);
          if (advertise !== undefined && advertise !== 'none')
            expect(parseRelayUrl(advertise).text).toBe(advertise);
          parsed++;
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(RelayError);
          expect((thrown as RelayError).remedy).not.toBe('');
        }
      }
    }),
    { numRuns: runsOf(process.env, 2000) },
  );
  expect(parsed).toBeGreaterThan(0);
});

it('mutated limits are whole numbers from 1, or a RelayError', () => {
  const input = {
    identity: { sessions: 5, bytesPerSecond: 1000 },
    realm: { tunnels: 9 },
    address: { unfinishedHellos: 3 },
    realms: { a: { identity: { names: 2 } } },
  };
  const text = Buffer.from(JSON.stringify(input));
  let parsed = 0;
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 4 }), (recipe) => {
      try {
        const limits = parseQuotaLimits(jsonOf(mutate(text, text, recipe)));
        for (const scope of [limits.identity, limits.realm, limits.address])
          for (const limit of Object.values(scope))
            expect(limit).toSatisfy((n: number) => Number.isInteger(n) && n > 0);
        parsed++;
      } catch (thrown) {
        expect(thrown).toMatchObject({ name: 'RelayError', code: 'bad_config' });
      }
    }),
    { numRuns: runsOf(process.env, 2000) },
  );
  expect(parsed).toBeGreaterThan(0);
});

it('mutated access files are rules, or bad_access_file', () => {
  const id = identityFromSeed(new Uint8Array(32).fill(1)).id;
  const text = Buffer.from(
    JSON.stringify({
      realms: { a: { access: 'open' }, b: { access: 'token', issuers: [id], limits: { sessions: 5 } } },
      relays: [id],
      revoked: [{ id: Buffer.alloc(16, 9).toString('base64url'), until: 1_798_761_600 }],
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 8 }), (recipe) => {
      try {
        const { realms } = parseAccessFile(Buffer.from(mutate(text, text, recipe)).toString(), 'FILE');
        for (const rule of realms?.values() ?? []) expect(['open', 'token']).toContain(rule.access);
      } catch (thrown) {
        expect(thrown).toMatchObject({ name: 'RelayError', code: 'bad_access_file' });
      }
    }),
    { numRuns: runsOf(process.env, 3000) },
  );
});

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}

/** Some setting, the same for the same value. */
function pick(value: unknown): string {
  const names = Object.keys(valid);
  return names[JSON.stringify(value).length % names.length]!;
}
