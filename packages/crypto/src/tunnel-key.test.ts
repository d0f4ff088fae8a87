import { createHash, hkdfSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { codeOf, hex, unhex } from '../test/support.js';
import { deriveAttachPsk, deriveFirstPsk, deriveTunnelKey } from './tunnel-key.js';

test('the tunnel key is SHA-256 of the label and the cookie', () => {
  const key = deriveTunnelKey(Buffer.from('MYSECRET', 'latin1'));
  // printf 'macula-dist-tunnel:MYSECRET' | sha256sum
  expect(hex(key)).toBe('c655152ccac6a2cba6e4c058ea58c40ea73cfad13abec5893ddba488557088ab');
});

test('a cookie counts as its Latin-1 bytes, not as UTF-8', () => {
  const latin1 = deriveTunnelKey(Buffer.from('gehüpft', 'latin1'));
  const expected = createHash('sha256')
    .update(Buffer.from('macula-dist-tunnel:geh\u00fcpft', 'latin1'))
    .digest();
  expect(hex(latin1)).toBe(hex(expected));
  expect(hex(latin1)).not.toBe(hex(deriveTunnelKey(Buffer.from('gehüpft', 'utf8'))));
});

test('the first psk is HKDF of the whole ISK under its own label', () => {
  const isk = Uint8Array.from({ length: 64 }, (_, index) => index);
  const expected = hkdfSync('sha256', isk, new Uint8Array(0), 'macula tunnel psk', 32);
  expect(hex(deriveFirstPsk(isk))).toBe(hex(new Uint8Array(expected)));
  isk[63]! ^= 1;
  expect(hex(deriveFirstPsk(isk))).not.toBe(hex(new Uint8Array(expected)));
  expect(codeOf(() => deriveFirstPsk(isk.subarray(0, 32)))).toBe('bad_key');
});

test('each epoch has an attach psk of its own', () => {
  const secret = unhex('07'.repeat(32));
  const expected = hkdfSync(
    'sha256',
    secret,
    new Uint8Array(0),
    Buffer.from('61747461636800000102', 'hex'),
    32,
  );
  expect(hex(deriveAttachPsk(secret, 258))).toBe(hex(new Uint8Array(expected)));
  expect(hex(deriveAttachPsk(secret, 1))).not.toBe(hex(deriveAttachPsk(secret, 2)));
  expect(deriveAttachPsk(secret, 0xffff_ffff)).toHaveLength(32);
  for (const epoch of [0, -1, 1.5, 2 ** 32]) {
    expect(codeOf(() => deriveAttachPsk(secret, epoch))).toBe('bad_option');
  }
  expect(codeOf(() => deriveAttachPsk(secret.subarray(1), 1))).toBe('bad_key');
});
