import { identityFromSeed, issueToken, type TokenClaims } from '@macula/crypto';
import { describe, expect, it } from 'vitest';
import { parseAccessFile } from './access-file.js';
import { AccessRules } from './access-rules.js';
import {
  admitToRealm,
  nextSessionEnd,
  type RealmAdmission,
  refusedName,
  sessionEnd,
  sessionEnds,
} from './realm-admission.js';

const issuerSeed = new Uint8Array(32).fill(1);
const id = (byte: number): string => identityFromSeed(new Uint8Array(32).fill(byte)).id;
const nowMs = Date.UTC(2026, 5, 1);
const claims: TokenClaims = {
  realm: 'work',
  names: ['app-*@h'],
  exp: nowMs / 1000 + 3600,
  jti: Buffer.alloc(16, 1).toString('base64url'),
  sub: id(5),
  limits: { sessions: 9, names: 3 },
};
const hello = { realm: 'work', names: ['app-1@h'], identity: id(5) };
const work = { access: 'token', issuers: [id(1)], limits: { sessions: 5, tunnels: 7 } };
const lobby = { access: 'open' };
const rulesOf = (content: object): AccessRules =>
  new AccessRules(parseAccessFile(JSON.stringify(content), 'FILE'), { realms: [], peerIdentities: [] });
const rules = rulesOf({ realms: { work, lobby } });
const revoking = rulesOf({ realms: { work, lobby }, revoked: [{ id: claims.jti, until: 0 }] });
const issue = (changed: Partial<TokenClaims> = {}): Promise<string> =>
  issueToken({ issuerSeed, claims: { ...claims, ...changed } });
const codeOf = (admission: RealmAdmission): string =>
  admission.kind === 'refused' ? admission.code : admission.kind;

describe('admission', () => {
  it('to an open realm needs no token and looks at none', async () => {
    for (const token of [undefined, 'nonsense', await issue()])
      expect(await admitToRealm({ ...hello, realm: 'lobby' }, token, rules, nowMs)).toEqual({
        kind: 'admitted',
        grant: undefined,
        limits: {},
      });
  });

  it('by token gives the grant and the tighter limits', async () => {
    expect(await admitToRealm(hello, await issue(), rules, nowMs)).toMatchObject({
      kind: 'admitted',
      grant: { tokenId: claims.jti, subject: id(5), issuer: id(1) },
      limits: { sessions: 5, names: 3, tunnels: 7 },
    });
  });

  it.each<[string, object, Partial<TokenClaims>]>([
    ['realm_refused', { realm: 'unheard' }, {}],
    ['realm_refused', { realm: '' }, {}],
    ['token_wrong_realm', {}, { realm: 'lobby' }],
    ['token_wrong_name', { names: ['app-1@h', 'root@h'] }, {}],
    ['token_wrong_identity', { identity: id(6) }, {}],
    ['token_expired', {}, { exp: nowMs / 1000 - 60 }],
    ['token_not_yet_valid', {}, { nbf: nowMs / 1000 + 61 }],
  ])('is refused with %s', async (code, wish, changed) => {
    const admission = await admitToRealm({ ...hello, ...wish }, await issue(changed), rules, nowMs);
    expect(codeOf(admission)).toBe(code);
  });

  it('is refused with token_missing, _malformed, _wrong_algorithm, _unknown_issuer, _bad_signature, _revoked', async () => {
    const token = await issue();
    const [, body, signature] = token.split('.');
    const header = Buffer.from('{"alg":"none"}').toString('base64url');
    const strangers = await issueToken({ issuerSeed: new Uint8Array(32).fill(2), claims });
    const cases: [string | undefined, string][] = [
      [undefined, 'token_missing'],
      ['', 'token_missing'],
      ['nonsense', 'token_malformed'],
      [`${header}.${body}.${signature}`, 'token_wrong_algorithm'],
      [strangers, 'token_unknown_issuer'],
      [`${token.slice(0, -86)}${'A'.repeat(86)}`, 'token_bad_signature'],
    ];
    for (const [shown, code] of cases)
      expect(codeOf(await admitToRealm(hello, shown, rules, nowMs))).toBe(code);
    expect(codeOf(await admitToRealm(hello, token, revoking, nowMs))).toBe('token_revoked');
  });

  it('says cause and remedy', async () => {
    const admission = await admitToRealm({ ...hello, names: ['root@h'] }, await issue(), rules, nowMs);
    expect(admission).toMatchObject({
      text: 'the token does not allow the name "root@h", but app-*@h; use a name it allows, or ask for a token with this one',
    });
    expect(await admitToRealm(hello, undefined, rules, nowMs)).toMatchObject({
      text: 'the realm needs a token; get one from its operator and join with it',
    });
  });
});

describe('a session that was admitted', async () => {
  const admission = await admitToRealm(hello, await issue(), rules, nowMs);
  if (admission.kind !== 'admitted') throw new Error(admission.text);
  const session = { realm: 'work', grant: admission.grant };
  const guest = { realm: 'lobby', grant: undefined };

  it('ends when its time is over, not before', () => {
    const next = nextSessionEnd([guest, session]);
    expect(next).toEqual({ atMs: claims.exp * 1000 + 60_000, why: 'token_expired' });
    expect(sessionEnd(session, rules, next!.atMs - 1)).toBeUndefined();
    expect(sessionEnd(session, rules, next!.atMs)?.code).toBe('token_expired');
    expect(nextSessionEnd([guest])).toBeUndefined();
  });

  it.each<[string | undefined, string, AccessRules]>([
    [undefined, 'nothing has changed', rules],
    [undefined, 'its realm is open now', rulesOf({ realms: { work: { access: 'open' } } })],
    ['token_revoked', 'its token is revoked', revoking],
    [
      'token_unknown_issuer',
      'its issuer is gone',
      rulesOf({ realms: { work: { ...work, issuers: [id(2)] } } }),
    ],
    ['realm_refused', 'its realm is gone', rulesOf({ realms: { lobby } })],
  ])('ends with %s when %s', (code, _, changed) => {
    expect(sessionEnd(session, changed, nowMs)?.code).toBe(code);
  });

  it('without a token ends when its realm needs one', () => {
    const changed = rulesOf({ realms: { lobby: { access: 'token', issuers: [id(1)] } } });
    expect(sessionEnd(guest, changed, nowMs)?.code).toBe('token_missing');
  });

  it('is one of many, and only those that must go', () => {
    const ends = sessionEnds(
      [
        { ...guest, link: 1 },
        { ...session, link: 2 },
      ],
      revoking,
      nowMs,
    );
    expect(ends.map(({ session: { link }, code }) => [link, code])).toEqual([[2, 'token_revoked']]);
  });

  it('may add the names that its token allows', () => {
    expect(refusedName(session.grant, ['app-2@h', 'app-3@h'])).toBeUndefined();
    expect(refusedName(session.grant, ['app-2@h', 'b@h'])).toBe('b@h');
    expect(refusedName(undefined, ['b@h'])).toBeUndefined();
  });
});
