import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeOf, hex, join, propertyRuns, unhex } from '../test/support.js';
import { aeadOpen, aeadOpenParts, aeadSeal, aeadSealParts, nextKey, writeCounterNonce } from './aes-gcm.js';

// "The Galois/Counter Mode of Operation" (McGrew, Viega), appendix B, test case 16: AES-256 with associated data.
const case16 = {
  key: unhex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308'),
  nonce: unhex('cafebabefacedbaddecaf888'),
  associatedData: unhex('feedfacedeadbeeffeedfacedeadbeefabaddad2'),
};
const plaintext16 = unhex(
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
    '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
);
const sealed16 =
  '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
  '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662' +
  '76fc6ece0f4e1768cddf8853bb2d551b';

describe('AES-256-GCM', () => {
  test('GCM specification test case 16', () => {
    expect(hex(aeadSeal(case16, plaintext16))).toBe(sealed16);
    expect(hex(aeadOpen(case16, unhex(sealed16)))).toBe(hex(plaintext16));
  });

  test('pieces give the same bytes as the whole, at any cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 6 }), (pieces) => {
        const whole = aeadSeal(case16, join(pieces));
        const sealed = aeadSealParts(case16, pieces);
        expect(hex(join(sealed))).toBe(hex(whole));
        const ciphertext = sealed.slice(0, -1);
        const opened = aeadOpenParts(case16, { ciphertext, tag: sealed.at(-1)! });
        expect(hex(join(opened))).toBe(hex(join(pieces)));
      }),
      propertyRuns,
    );
  });

  test('every single-bit flip in ciphertext, tag, nonce and associated data is decrypt_failed', () => {
    const flips = (bytes: Uint8Array): Uint8Array[] =>
      Array.from({ length: bytes.length * 8 }, (_, bit) => {
        const flipped = Uint8Array.from(bytes);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        return flipped;
      });
    for (const sealed of flips(unhex(sealed16)))
      expect(codeOf(() => aeadOpen(case16, sealed))).toBe('decrypt_failed');
    for (const nonce of flips(case16.nonce)) {
      expect(codeOf(() => aeadOpen({ ...case16, nonce }, unhex(sealed16)))).toBe('decrypt_failed');
    }
    for (const associatedData of flips(case16.associatedData)) {
      expect(codeOf(() => aeadOpen({ ...case16, associatedData }, unhex(sealed16)))).toBe('decrypt_failed');
    }
  });

  test('truncated tags are refused, also when shorter than 16 bytes', () => {
    for (let length = 0; length < sealed16.length / 2; length++) {
      expect(codeOf(() => aeadOpen(case16, unhex(sealed16).subarray(0, length)))).toBe('decrypt_failed');
    }
  });
});

test('the counter is big endian in the last 8 bytes, exact up to 2^53 - 1', () => {
  const nonce = new Uint8Array(12);
  const written = (counter: number): string => {
    writeCounterNonce(nonce, counter);
    return hex(nonce);
  };
  expect(written(0)).toBe('000000000000000000000000');
  expect(written(0x01020304)).toBe('000000000000000001020304');
  expect(written(0xffff_ffff)).toBe('0000000000000000ffffffff');
  expect(written(0x1_0000_0000)).toBe('000000000000000100000000');
  expect(written(Number.MAX_SAFE_INTEGER)).toBe('00000000001fffffffffffff');
  fc.assert(
    fc.property(fc.maxSafeNat(), (counter) => {
      expect(written(counter)).toBe(counter.toString(16).padStart(24, '0'));
    }),
    propertyRuns,
  );
});

test('nextKey is the first 32 bytes of ENCRYPT(k, 2^64 - 1, empty, zeros)', () => {
  const key = unhex('00'.repeat(32));
  // openssl: AES-256-CTR of zeros under the zero key with counter block 00000000ffffffffffffffff00000002
  expect(hex(nextKey(key))).toBe('f1573ed7ea59562387a25c24fabe25a3155fecd880e181089fe581c148cc6ba9');
});
