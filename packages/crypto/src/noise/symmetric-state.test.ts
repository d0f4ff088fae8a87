import { createHash, hkdfSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { codeOf, hex, unhex, utf8 } from '../../test/support.js';
import { SymmetricState } from './symmetric-state.js';

const name = 'Noise_NNpsk0_25519_AESGCM_SHA256';

test('a protocol name of 32 bytes is the first hash, a longer one is hashed', () => {
  expect(hex(new SymmetricState(name).handshakeHash)).toBe(hex(utf8(name)));
  const longer = `${name}x`;
  expect(hex(new SymmetricState(longer).handshakeHash)).toBe(
    createHash('sha256').update(longer).digest('hex'),
  );
});

test('Noise HKDF is RFC 5869 HKDF with the chaining key as salt and no info', () => {
  const state = new SymmetricState(name);
  const [first, second] = state.split();
  const expected = new Uint8Array(hkdfSync('sha256', new Uint8Array(0), utf8(name), new Uint8Array(0), 64));
  expect(hex(first) + hex(second)).toBe(hex(expected));
});

test('an exported secret is separate from the transport keys and bound to its label', () => {
  const state = new SymmetricState(name);
  state.mixKeyAndHash(unhex('05'.repeat(32)));
  const secrets = [state.exportSecret('a'), state.exportSecret('b'), ...state.split()].map(hex);
  expect(new Set(secrets).size).toBe(4);
});

test('without a key nothing is sealed in the clear', () => {
  const state = new SymmetricState(name);
  expect(codeOf(() => state.encryptAndHash(utf8('x')))).toBe('bad_state');
  expect(codeOf(() => state.decryptAndHash(utf8('x')))).toBe('bad_state');
  state.mixKey(unhex('06'.repeat(32)));
  expect(state.encryptAndHash(utf8('x'))).toHaveLength(17);
  state.wipe();
  expect(codeOf(() => state.encryptAndHash(utf8('x')))).toBe('bad_state');
});
