import { expect, test } from 'vitest';
import { codeOf, fixedRandom, hex, seededRandom, unhex } from '../test/support.js';
import { generateX25519, x25519 } from './x25519.js';

test('RFC 7748 section 6.1', () => {
  const alice = generateX25519(
    fixedRandom(unhex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a')),
  );
  const bob = generateX25519(
    fixedRandom(unhex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb')),
  );
  expect(hex(alice.publicKey)).toBe('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a');
  expect(hex(bob.publicKey)).toBe('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
  const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
  expect(hex(x25519(alice.privateKey, bob.publicKey))).toBe(shared);
  expect(hex(x25519(bob.privateKey, alice.publicKey))).toBe(shared);
});

test('keys of low order or another size are bad_point', () => {
  const { privateKey } = generateX25519(seededRandom('x'));
  // The low-order points of draft-irtf-cfrg-cpace-21 appendix B.1.10 that lie below 2^255.
  for (const point of [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ]) {
    expect(codeOf(() => x25519(privateKey, unhex(point)))).toBe('bad_point');
  }
  expect(codeOf(() => x25519(privateKey, new Uint8Array(31)))).toBe('bad_point');
  expect(codeOf(() => generateX25519(() => new Uint8Array(16)))).toBe('bad_random');
});
