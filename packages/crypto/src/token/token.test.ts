import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeOf, codeOfRejection, propertyRuns, utf8 } from '../../test/support.js';
import { CryptoError, isTokenErrorCode } from '../errors.js';
import { identityFromSeed } from '../identity.js';
import type { TokenClaims } from './claims.js';
import { type RealmGrant, requireGranted } from './grant.js';
import { signJws } from './jws.js';
import { tokenBytesMax, tokenTimeSecondsMax } from './limits.js';
import { inspectToken, issueToken, verifyToken } from './token.js';

const issuerSeed = new Uint8Array(32).fill(1);
const issuer = identityFromSeed(issuerSeed);
const owner = identityFromSeed(new Uint8Array(32).fill(2));
const stranger = identityFromSeed(new Uint8Array(32).fill(3));
const nowMs = Date.UTC(2026, 5, 1);
const nowSeconds = nowMs / 1000;
const claims: TokenClaims = {
  realm: 'io.example',
  names: ['app-*@10.0.*', 'admin@host'],
  exp: nowSeconds + 3600,
  nbf: nowSeconds - 10,
  iat: nowSeconds - 10,
  jti: Buffer.alloc(16, 9).toString('base64url'),
  sub: owner.id,
  limits: { sessions: 2, names: 10, tunnels: 100, streams: 200, bytesPerSecond: 1_000_000 },
};
const options = { issuers: [stranger.id, issuer.id], nowMs };

const issue = (changed: Partial<TokenClaims> = {}): Promise<string> =>
  issueToken({ issuerSeed, claims: { ...claims, ...changed } });
/** Signed by the issuer whatever is in it. */
const signed = (payload: unknown, header: object = {}): Promise<string> =>
  signJws(
    issuerSeed,
    { alg: 'EdDSA', typ: 'JWT', kid: issuer.id, ...header },
    utf8(typeof payload === 'string' ? payload : JSON.stringify(payload)),
  );
const payload = { iss: issuer.id, aud: 'macula', ...claims };
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a token', () => {
  test('comes back as the grant that was issued', async () => {
    expect(await verifyToken(await issue(), options)).toEqual({
      realm: 'io.example',
      patterns: claims.names,
      notAfterMs: claims.exp * 1000 + 60_000,
      tokenId: claims.jti,
      subject: owner.id,
      limits: claims.limits,
      issuer: issuer.id,
    });
  });

  test('needs no optional claims', async () => {
    const { realm, names, exp, jti } = claims;
    const grant = await verifyToken(
      await issueToken({ issuerSeed, claims: { realm, names, exp, jti } }),
      options,
    );
    expect(grant).toMatchObject({ subject: undefined, limits: {} });
  });

  test('can be read without being checked', async () => {
    const text = await issue({ exp: 5, nbf: 4 });
    expect(inspectToken(`${text.slice(0, text.lastIndexOf('.'))}.AAAA`)).toEqual({
      issuer: issuer.id,
      claims: { ...claims, exp: 5, nbf: 4 },
    });
  });

  test('of any claims comes back', async () => {
    const seconds = fc.integer({ min: 0, max: tokenTimeSecondsMax - 1 });
    const names = fc.array(fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' }), {
      minLength: 1,
      maxLength: 8,
    });
    const any = fc.record({
      realm: fc.string({ minLength: 1, maxLength: 60 }),
      names,
      exp: seconds.map((value) => value + 1),
      jti: fc
        .uint8Array({ minLength: 16, maxLength: 16 })
        .map((bytes) => Buffer.from(bytes).toString('base64url')),
    });
    await fc.assert(
      fc.asyncProperty(any, async (made) => {
        const text = await issueToken({ issuerSeed, claims: made });
        expect(inspectToken(text).claims).toMatchObject(made);
        const grant = await verifyToken(text, { ...options, nowMs: made.exp * 1000 - 1 });
        expect(grant.patterns).toEqual(made.names);
      }),
      propertyRuns,
    );
  });

  test('is issued only within the bounds', async () => {
    const wrong: unknown[] = [
      { realm: '' },
      { realm: 'é'.repeat(128) },
      { names: [] },
      { names: Array(65).fill('a') },
      { names: [''] },
      { names: ['x'.repeat(1021)] },
      { names: Array(4).fill('x'.repeat(1000)) },
      { exp: 1.5 },
      { exp: tokenTimeSecondsMax + 1 },
      { nbf: claims.exp },
      { jti: 'short' },
      { jti: `${'A'.repeat(21)}B` },
      { sub: 'nobody' },
      { limits: { sessions: 0 } },
      { limits: { sessions: 1.5 } },
      { limits: { sesions: 1 } },
    ];
    for (const changed of wrong)
      expect([changed, await codeOfRejection(issue(changed as object))]).toEqual([changed, 'bad_option']);
    const seed = new Uint8Array(31);
    expect(await codeOfRejection(issueToken({ issuerSeed: seed, claims }))).toBe('bad_key');
    const longest = await issue({ names: ['x'.repeat(1000), 'y'.repeat(1000)] });
    expect(longest.length).toBeLessThanOrEqual(tokenBytesMax);
  });
});

describe('each cause has its code', () => {
  const refusal = async (text: string | Promise<string>, at: number = nowMs) =>
    codeOfRejection(verifyToken(await text, { ...options, nowMs: at }));

  test('token_wrong_algorithm: none, HMAC with the public key, RSA, the fully specified name', async () => {
    const [, body, signature] = (await issue()).split('.') as [string, string, string];
    const header = (alg: unknown): string => part({ alg, typ: 'JWT', kid: issuer.id });
    expect(await refusal(`${header('none')}.${body}.`)).toBe('token_wrong_algorithm');
    for (const secret of [issuer.publicKey, issuer.id]) {
      const text = `${header('HS256')}.${body}`;
      const mac = createHmac('sha256', secret).update(text).digest('base64url');
      expect(await refusal(`${text}.${mac}`)).toBe('token_wrong_algorithm');
    }
    for (const alg of ['RS256', 'ES256', 'Ed25519', 'eddsa', 'None', '', 5, null, ['EdDSA']])
      expect(await refusal(`${header(alg)}.${body}.${signature}`)).toBe('token_wrong_algorithm');
    expect(await refusal(`${part({ typ: 'JWT', kid: issuer.id })}.${body}.${signature}`)).toBe(
      'token_wrong_algorithm',
    );
  });

  test('token_malformed: another header', async () => {
    const headers = [
      { typ: undefined },
      { typ: 'at+jwt' },
      { kid: undefined },
      { kid: 'me' },
      { jku: 'https://example.org' },
      { jwk: { kty: 'OKP', crv: 'Ed25519', x: stranger.id } },
    ];
    for (const header of headers) expect(await refusal(signed(payload, header))).toBe('token_malformed');
    const [, body, signature] = (await issue()).split('.') as [string, string, string];
    const critical = part({ alg: 'EdDSA', typ: 'JWT', kid: issuer.id, crit: ['b64'], b64: false });
    expect(await refusal(`${critical}.${body}.${signature}`)).toBe('token_malformed');
  });

  test('token_malformed: other claims, though signed', async () => {
    const wrong = [
      { iss: stranger.id },
      { iss: undefined },
      { aud: undefined },
      { aud: 'other' },
      { aud: ['macula'] },
      { realm: 5 },
      { names: 'a' },
      { names: [5] },
      { exp: undefined },
      { exp: '1' },
      { exp: -1 },
      { exp: null },
      { nbf: 'x' },
      { iat: 0.5 },
      { jti: undefined },
      { sub: 5 },
      { sub: null },
      { limits: null },
      { limits: [] },
      { limits: { tunnels: -1 } },
      { limits: { unheardOf: 1 } },
    ];
    for (const changed of wrong)
      expect([changed, await refusal(signed({ ...payload, ...changed }))]).toEqual([
        changed,
        'token_malformed',
      ]);
    for (const text of ['', 'null', '[]', '{"iss":', '5'])
      expect(await refusal(signed(text))).toBe('token_malformed');
  });

  test('claims of a newer version are passed over', async () => {
    const grant = await verifyToken(await signed({ ...payload, newer: true }), options);
    expect(grant.realm).toBe('io.example');
  });

  test('token_unknown_issuer', async () => {
    const text = await issue();
    expect(await codeOfRejection(verifyToken(text, { issuers: [stranger.id], nowMs }))).toBe(
      'token_unknown_issuer',
    );
    expect(await codeOfRejection(verifyToken(text, { issuers: new Set<string>(), nowMs }))).toBe(
      'token_unknown_issuer',
    );
  });

  test('token_bad_signature: the signature, or what is signed, is another', async () => {
    const [header, body, signature] = (await issue()).split('.') as [string, string, string];
    const [, otherBody] = (await issue({ realm: 'io.other' })).split('.') as [string, string];
    expect(await refusal(`${header}.${otherBody}.${signature}`)).toBe('token_bad_signature');
    expect(await refusal(`${header}.${body}.`)).toBe('token_bad_signature');
    expect(await refusal(`${header}.${body}.${'A'.repeat(86)}`)).toBe('token_bad_signature');
    const strangers = await issueToken({ issuerSeed: new Uint8Array(32).fill(3), claims });
    expect(await refusal(`${header}.${strangers.split('.').slice(1).join('.')}`)).toBe('token_bad_signature');
  });

  test('token_expired and token_not_yet_valid, a minute of tolerance', async () => {
    const text = await issue();
    const endMs = claims.exp * 1000 + 60_000;
    const beginMs = claims.nbf! * 1000 - 60_000;
    expect(await refusal(text, endMs)).toBe('token_expired');
    expect(await refusal(text, beginMs - 1)).toBe('token_not_yet_valid');
    await verifyToken(text, { ...options, nowMs: endMs - 1 });
    await verifyToken(text, { ...options, nowMs: beginMs });
    const strict = { ...options, nowMs: claims.exp * 1000, clockToleranceMs: 0 };
    expect(await codeOfRejection(verifyToken(text, strict))).toBe('token_expired');
  });

  test('what a session wants: token_wrong_realm, token_wrong_identity, token_wrong_name', async () => {
    const grant: RealmGrant = await verifyToken(await issue(), options);
    const wish = { realm: 'io.example', names: ['app-7@10.0.0.7', 'admin@host'], identity: owner.id };
    requireGranted(grant, wish);
    requireGranted(grant, { ...wish, names: [] });
    requireGranted({ ...grant, subject: undefined }, { ...wish, identity: stranger.id });
    const code = (changed: object) => codeOf(() => requireGranted(grant, { ...wish, ...changed }));
    expect(code({ realm: 'io.example2' })).toBe('token_wrong_realm');
    expect(code({ identity: stranger.id })).toBe('token_wrong_identity');
    expect(code({ names: ['admin@host', 'admin@host2'] })).toBe('token_wrong_name');
  });

  test('and is known as such', () => {
    expect(isTokenErrorCode('token_expired')).toBe(true);
    expect(isTokenErrorCode('bad_key')).toBe(false);
  });
});

describe('mutated tokens', () => {
  const verified = async (text: string): Promise<string> => {
    try {
      await verifyToken(text, options);
      return 'verified';
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(CryptoError);
      return (thrown as CryptoError).code;
    }
  };

  test('never verify, and end as nothing but a token error', async () => {
    const valid = await issue();
    const mutation = fc.record({
      at: fc.nat(valid.length - 1),
      take: fc.nat(20),
      put: fc.oneof(
        fc.string({ maxLength: 20 }),
        fc.string({ unit: fc.constantFrom('A', 'B', '_', '-', '.', '9'), maxLength: 5 }),
      ),
    });
    await fc.assert(
      fc.asyncProperty(mutation, async ({ at, take, put }) => {
        const text = valid.slice(0, at) + put + valid.slice(at + take);
        fc.pre(text !== valid);
        expect(isTokenErrorCode((await verified(text)) as 'internal')).toBe(true);
      }),
      { ...propertyRuns, numRuns: propertyRuns.numRuns * 5 },
    );
  });

  test('of any signed JSON are a grant or a token error', async () => {
    const keys = fc.constantFrom(...Object.keys(payload));
    await fc.assert(
      fc.asyncProperty(keys, fc.jsonValue(), async (key, value) => {
        const code = await verified(await signed({ ...payload, [key]: value }));
        expect(code === 'verified' || isTokenErrorCode(code as 'internal')).toBe(true);
      }),
      { ...propertyRuns, numRuns: propertyRuns.numRuns * 3 },
    );
  });
});
