import { describe, expect, it } from 'vitest';
import { AccessRules } from './access/access-rules.js';
import { parseRelayConfig } from './config.js';
import { isReachable, type Openness, opennessOf, requireMeantOpen } from './meant-open.js';

describe('an address', () => {
  it.each(['127.0.0.1', '127.9.9.9', '::1', 'localhost', '::ffff:127.0.0.1'])('%s is for oneself', (host) => {
    expect(isReachable({ host, port: 1 })).toBe(false);
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', '203.0.113.7', 'relay.example.org', '127.0.0.1.example.org'])(
    '%s can be reached',
    (host) => {
      expect(isReachable({ host, port: 1 })).toBe(true);
    },
  );
});

describe('what is open on a reachable address must be meant', () => {
  it.each<[Openness, string]>([
    [{ realm: true, peering: false }, 'open_realm'],
    [{ realm: true, peering: true }, 'open_realm'],
    [{ realm: false, peering: true }, 'open_peering'],
  ])('%j is %s, also on quinn alone', (openness, code) => {
    const refusal = { code, remedy: expect.stringContaining('--open') };
    for (const input of [{}, { listen: '127.0.0.1:0', listenQuinn: '[::]:0' }]) {
      expect(() => requireMeantOpen(parseRelayConfig(input), openness)).toThrow(
        expect.objectContaining(refusal),
      );
      expect(() => requireMeantOpen(parseRelayConfig({ ...input, open: true }), openness)).not.toThrow();
    }
    expect(() => requireMeantOpen(parseRelayConfig({ listen: '[::1]:0' }), openness)).not.toThrow();
  });

  it('and what is closed may be anywhere', () => {
    expect(() => requireMeantOpen(parseRelayConfig({}), { realm: false, peering: false })).not.toThrow();
  });
});

describe('openness', () => {
  const realms = new Map([['a', { access: 'token', issuers: [], limits: {} } as const]]);
  const file = { realms, relays: undefined, revoked: new Map() };
  const settings = { realms: [], peerIdentities: [] };

  it('of peering ends with a list in the file, even an empty one, with keys in the settings, or with a mesh secret', () => {
    const without = { hasMeshSecret: false };
    expect(opennessOf(new AccessRules(file, settings), without)).toEqual({ realm: false, peering: true });
    const closed = { realm: false, peering: false };
    const listed = new AccessRules({ ...file, relays: new Set() }, settings);
    expect(opennessOf(listed, without)).toEqual(closed);
    expect(
      opennessOf(new AccessRules(file, { ...settings, peerIdentities: ['A'.repeat(43)] }), without),
    ).toEqual(closed);
    expect(opennessOf(new AccessRules(file, settings), { hasMeshSecret: true })).toEqual(closed);
  });
});
