import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeOf, hex, propertyRuns, readVectors, unhex, utf8 } from '../test/support.js';
import {
  identityFromSeed,
  identityId,
  identityIdLength,
  parseIdentityId,
  verifySignature,
} from './identity.js';

interface Ed25519Vectors {
  readonly vectors: readonly { seed: string; public_key: string; message: string; signature: string }[];
}

const { vectors } = readVectors<Ed25519Vectors>('ed25519.json');

describe('signing', () => {
  test.each(vectors.map((vector, index) => [index + 1, vector] as const))(
    'RFC 8032 7.1 test %i',
    (_, vector) => {
      const identity = identityFromSeed(unhex(vector.seed));
      expect(hex(identity.publicKey)).toBe(vector.public_key);
      const message = unhex(vector.message);
      expect(hex(identity.sign(message))).toBe(vector.signature);
      const claim = { publicKey: identity.publicKey, message, signature: unhex(vector.signature) };
      expect(verifySignature(claim)).toBe(true);
    },
  );

  test('a signature holds for its key, its message and its bytes only', () => {
    const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(seeds, fc.uint8Array(), fc.nat(511), fc.nat(7), (seed, message, bit, other) => {
        const identity = identityFromSeed(seed);
        const signature = identity.sign(message);
        const { publicKey } = identity;
        expect(verifySignature({ publicKey, message, signature })).toBe(true);
        const flipped = Uint8Array.from(signature);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        expect(verifySignature({ publicKey, message, signature: flipped })).toBe(false);
        const longer = new Uint8Array([...message, other]);
        expect(verifySignature({ publicKey, message: longer, signature })).toBe(false);
        const stranger = identityFromSeed(seed.map((byte) => byte ^ 1)).publicKey;
        expect(verifySignature({ publicKey: stranger, message, signature })).toBe(false);
      }),
      propertyRuns,
    );
  });

  test('signatures of another size are wrong, not an error', () => {
    const identity = identityFromSeed(unhex(vectors[0]!.seed));
    for (const length of [0, 63, 65]) {
      const signature = new Uint8Array(length);
      expect(verifySignature({ publicKey: identity.publicKey, message: utf8(''), signature })).toBe(false);
    }
  });

  test('any 32 bytes as public key give false or bad_key', () => {
    const signature = unhex(vectors[0]!.signature);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (publicKey) => {
        expect(verifySignature({ publicKey, message: utf8('x'), signature })).toBe(false);
      }),
      propertyRuns,
    );
  });

  test('seeds and keys of another size are bad_key', () => {
    expect(codeOf(() => identityFromSeed(new Uint8Array(31)))).toBe('bad_key');
    expect(codeOf(() => identityFromSeed(new Uint8Array(64)))).toBe('bad_key');
    const [message, signature] = [utf8('x'), new Uint8Array(64)];
    expect(codeOf(() => verifySignature({ publicKey: new Uint8Array(31), message, signature }))).toBe(
      'bad_key',
    );
  });
});

describe('low-order public keys', () => {
  // All encodings of the 8-torsion points, canonical or not, made here from the curve itself.
  const encodings = lowOrderEncodings();

  test('are all refused', () => {
    expect(encodings.length).toBeGreaterThanOrEqual(8);
    for (const publicKey of encodings) {
      expect(codeOf(() => identityId(publicKey))).toBe('bad_key');
      const claim = { publicKey, message: utf8('x'), signature: new Uint8Array(64) };
      expect(codeOf(() => verifySignature(claim))).toBe('bad_key');
    }
  });

  test('would otherwise let one signature hold for every message', () => {
    // R = identity, S = 0 under A = identity: [S]B = R + [k]A for every k.
    const signature = unhex(`01${'00'.repeat(63)}`);
    const publicKey = unhex(`01${'00'.repeat(31)}`);
    for (const text of ['one', 'two']) expect(ed25519.verify(signature, utf8(text), publicKey)).toBe(true);
  });
});

describe('identity ids', () => {
  test('are the base64url form of the key, and come back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (seed) => {
        const { id, publicKey } = identityFromSeed(seed);
        expect(id).toMatch(/^[A-Za-z0-9_-]{43}$/);
        expect(id).toHaveLength(identityIdLength);
        expect(id).toBe(identityId(publicKey));
        expect(hex(parseIdentityId(id))).toBe(hex(publicKey));
      }),
      propertyRuns,
    );
  });

  test('one key has one id: other spellings are refused', () => {
    const { id } = identityFromSeed(unhex(vectors[0]!.seed));
    expect(id).toBe('11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'); // RFC 8037 appendix A.2
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const sameBytes = last.split('').filter((letter) => {
      const other = id.slice(0, 42) + letter;
      return other !== id && Buffer.from(other, 'base64url').equals(Buffer.from(id, 'base64url'));
    });
    expect(sameBytes).toHaveLength(3);
    const spellings = [
      ...sameBytes.map((letter) => id.slice(0, 42) + letter),
      `${id}=`,
      ` ${id}`,
      id.replace('_', '/'),
      id.slice(0, 42),
      `${id}A`,
      '',
      'é'.repeat(43),
    ];
    for (const spelling of spellings) expect(codeOf(() => parseIdentityId(spelling))).toBe('bad_key');
  });

  test('arbitrary text is an id or bad_key', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        expect(codeOf(() => parseIdentityId(text))).toBe('bad_key');
      }),
      propertyRuns,
    );
  });
});

function lowOrderEncodings(): Uint8Array[] {
  const { Fp, ZERO } = ed25519.Point;
  const torsion = ed25519.Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');
  const found = new Set<string>();
  for (let point = ZERO, index = 0; index < 8; index++, point = point.add(torsion)) {
    const { y } = point.toAffine();
    for (const value of [y, y + Fp.ORDER]) {
      if (value >= 2n ** 255n) continue;
      for (const sign of [0n, 1n]) found.add((value | (sign << 255n)).toString(16).padStart(64, '0'));
    }
  }
  return [...found].map((bigEndian) => unhex(bigEndian).reverse());
}
