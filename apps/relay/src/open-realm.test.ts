import { describe, expect, it } from 'vitest';
import { parseRelayConfig } from './config.js';
import { isReachable, requireMeantOpen } from './open-realm.js';

describe('an open realm', () => {
  it.each(['127.0.0.1', '127.9.9.9', '::1', 'localhost', '::ffff:127.0.0.1'])('is fine at %s', (host) => {
    expect(isReachable({ host, port: 1 })).toBe(false);
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', '203.0.113.7', 'relay.example.org', '127.0.0.1.example.org'])(
    'can be reached at %s',
    (host) => {
      expect(isReachable({ host, port: 1 })).toBe(true);
    },
  );

  it('on a reachable address must be meant, also on quinn alone', () => {
    const open = { code: 'open_realm', remedy: expect.stringContaining('--open') };
    const some = { hasOpenRealm: true };
    for (const input of [{}, { listen: '127.0.0.1:0', listenQuinn: '[::]:0' }]) {
      expect(() => requireMeantOpen(parseRelayConfig(input), some)).toThrow(expect.objectContaining(open));
      expect(() => requireMeantOpen(parseRelayConfig({ ...input, open: true }), some)).not.toThrow();
    }
    expect(() => requireMeantOpen(parseRelayConfig({ listen: '[::1]:0' }), some)).not.toThrow();
    expect(() => requireMeantOpen(parseRelayConfig({}), { hasOpenRealm: false })).not.toThrow();
  });
});
