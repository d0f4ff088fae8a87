import { hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeOf, hex, propertyRuns, readVectors, unhex } from '../test/support.js';
import { constantTimeEqual, hkdfLengthMax, hkdfSha256, hmacSha256, wipe } from './kdf.js';

interface HkdfVectors {
  readonly vectors: readonly {
    section: string;
    IKM: string;
    salt: string;
    info: string;
    L: number;
    OKM: string;
  }[];
}

describe('hkdfSha256', () => {
  for (const vector of readVectors<HkdfVectors>('hkdf-sha256.json').vectors) {
    test(`RFC 5869 ${vector.section}`, () => {
      const output = hkdfSha256(unhex(vector.IKM), unhex(vector.salt), unhex(vector.info), vector.L);
      expect(hex(output)).toBe(vector.OKM);
    });
  }

  test('agrees with node:crypto hkdf', () => {
    const bytes = fc.uint8Array({ maxLength: 80 });
    fc.assert(
      fc.property(bytes, bytes, bytes, fc.integer({ min: 1, max: 300 }), (ikm, salt, info, length) => {
        expect(hex(hkdfSha256(ikm, salt, info, length))).toBe(
          hex(new Uint8Array(hkdfSync('sha256', ikm, salt, info, length))),
        );
      }),
      propertyRuns,
    );
  });

  test('the length is bounded', () => {
    const empty = new Uint8Array(0);
    expect(hkdfSha256(empty, empty, empty, hkdfLengthMax)).toHaveLength(8160);
    for (const length of [0, -1, 1.5, hkdfLengthMax + 1, Number.NaN]) {
      expect(codeOf(() => hkdfSha256(empty, empty, empty, length))).toBe('bad_length');
    }
  });
});

test('hmacSha256: RFC 4231 test case 2, whole and in pieces', () => {
  const expected = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';
  const key = unhex('4a656665');
  const data = unhex('7768617420646f2079612077616e7420666f72206e6f7468696e673f');
  expect(hex(hmacSha256(key, [data]))).toBe(expected);
  expect(hex(hmacSha256(key, [data.subarray(0, 5), data.subarray(5)]))).toBe(expected);
});

test('constantTimeEqual compares content and length', () => {
  expect(constantTimeEqual(unhex('0102'), unhex('0102'))).toBe(true);
  expect(constantTimeEqual(unhex('0102'), unhex('0103'))).toBe(false);
  expect(constantTimeEqual(unhex('0102'), unhex('010200'))).toBe(false);
  expect(constantTimeEqual(new Uint8Array(0), new Uint8Array(0))).toBe(true);
});

test('wipe overwrites', () => {
  const secret = unhex('ffff');
  wipe(secret);
  expect(hex(secret)).toBe('0000');
});
