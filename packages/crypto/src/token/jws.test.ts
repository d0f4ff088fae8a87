import { describe, expect, test } from 'vitest';
import { codeOf, codeOfRejection, readVectors, utf8 } from '../../test/support.js';
import { identityFromSeed } from '../identity.js';
import { decodeJws, signJws, verifyJws } from './jws.js';

const vector = readVectors<Record<'d' | 'x' | 'payload' | 'jws', string>>('jws-eddsa.json');
const seed = Uint8Array.from(Buffer.from(vector.d, 'base64url'));

describe('RFC 8037', () => {
  test('A.2 and A.4: an identity id is the public key, the signature is the same', async () => {
    expect(identityFromSeed(seed).id).toBe(vector.x);
    expect(await signJws(seed, { alg: 'EdDSA' }, utf8(vector.payload))).toBe(vector.jws);
  });

  test('A.5: it verifies, and comes apart', async () => {
    await verifyJws(vector.jws, vector.x);
    const { header, payload } = decodeJws(vector.jws);
    expect(header).toEqual({ alg: 'EdDSA' });
    expect(Buffer.from(payload).toString()).toBe(vector.payload);
  });

  test('one changed character of any part ends it', async () => {
    const other = identityFromSeed(new Uint8Array(32).fill(7)).id;
    expect(await codeOfRejection(verifyJws(vector.jws, other))).toBe('token_bad_signature');
    for (const at of [30, vector.jws.length - 20]) {
      const changed =
        vector.jws.slice(0, at) + (vector.jws[at] === 'A' ? 'B' : 'A') + vector.jws.slice(at + 1);
      expect(await codeOfRejection(verifyJws(changed, vector.x))).toBe('token_bad_signature');
    }
  });
});

test('under a key of low order one signature would hold for everything', async () => {
  const point = Buffer.from(`01${'00'.repeat(31)}`, 'hex').toString('base64url');
  const signature = Buffer.from(`01${'00'.repeat(63)}`, 'hex').toString('base64url');
  const [header, payload] = vector.jws.split('.');
  expect(await codeOfRejection(verifyJws(`${header}.${payload}.${signature}`, point))).toBe('bad_key');
});

test('what is no compact JWS is token_malformed', () => {
  const [header, payload, signature] = vector.jws.split('.') as [string, string, string];
  const texts = [
    '',
    '..',
    vector.jws.slice(0, -1),
    `${vector.jws}=`,
    ` ${vector.jws}`,
    `${vector.jws}\n`,
    `${vector.jws}.`,
    `${header}.${payload}`,
    `${header}.${payload}.${signature.replaceAll('_', '/')}`,
    `${Buffer.from('[]').toString('base64url')}.${payload}.${signature}`,
    `${Buffer.from('null').toString('base64url')}.${payload}.${signature}`,
    `${Buffer.from('{"alg":').toString('base64url')}.${payload}.${signature}`,
    `${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.${payload}.${signature}`,
    `${header}.${'A'.repeat(4096)}.${signature}`,
  ];
  for (const text of texts) expect([text, codeOf(() => decodeJws(text))]).toEqual([text, 'token_malformed']);
  expect(codeOf(() => decodeJws(undefined as unknown as string))).toBe('token_malformed');
});
