import { X509Certificate } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { makeLeaf } from '../compliance/test-certificates.js';
import { dialOptions } from '../compliance/tools.js';
import { checkLeaf } from './certificates.js';

afterEach(() => vi.useRealTimers());

const check = (leaf: X509Certificate, more: Parameters<typeof dialOptions>[1]): string => {
  try {
    checkLeaf(leaf, dialOptions({ host: '127.0.0.1', port: 1 }, more));
    return 'accepted';
  } catch (thrown) {
    return (thrown as { code: string }).code;
  }
};

test('a resumed session, of which TLS checks nothing, has the leaf checked anew', async () => {
  const tlsVerify = 'verify_peer';
  const leaf = new X509Certificate((await makeLeaf({ days: 1 })).certPem);
  const wrongPin = `#sha256=${'00'.repeat(32)}`;
  expect(check(leaf, { tlsVerify })).toBe('accepted');
  expect(check(leaf, { tlsVerify, host: 'other.test' })).toBe('certificate_wrong_name');
  expect(check(leaf, { tlsVerify, host: '127.0.0.2' })).toBe('certificate_wrong_name');
  expect(check(leaf, { tlsVerify, host: '[::2]' })).toBe('certificate_wrong_name');
  expect(check(leaf, { tlsVerify, fragment: wrongPin })).toBe('certificate_wrong_pin');
  expect(check(leaf, { fragment: wrongPin })).toBe('certificate_wrong_pin');
  vi.useFakeTimers({ now: Date.now() + 2 * 86_400_000, toFake: ['Date'] });
  expect(check(leaf, { tlsVerify })).toBe('certificate_expired');
  expect(check(leaf, {})).toBe('accepted');
});

test('names: wildcards of one label, capital letters, addresses in other spellings', async () => {
  const tlsVerify = 'verify_peer';
  const pair = await makeLeaf({ names: ['*.relay.test', 'Big.test'], ips: ['2001:db8::1'] });
  const leaf = new X509Certificate(pair.certPem);
  expect(check(leaf, { tlsVerify, host: 'a.relay.test' })).toBe('accepted');
  expect(check(leaf, { tlsVerify, host: 'a.b.relay.test' })).toBe('certificate_wrong_name');
  expect(check(leaf, { tlsVerify, host: 'relay.test' })).toBe('certificate_wrong_name');
  expect(check(leaf, { tlsVerify, host: 'big.test' })).toBe('accepted');
  expect(check(leaf, { tlsVerify, host: '[2001:0db8:0:0::1]' })).toBe('accepted');
});
