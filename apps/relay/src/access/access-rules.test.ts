import { identityFromSeed } from '@macula/crypto';
import { runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RelayError } from '../errors.js';
import { parseAccessFile } from './access-file.js';
import { AccessRules, type AccessSettings } from './access-rules.js';

const id = (byte: number): string => identityFromSeed(new Uint8Array(32).fill(byte)).id;
const jti = (byte: number): string => Buffer.alloc(16, byte).toString('base64url');
const file = {
  realms: {
    lobby: { access: 'open' },
    work: { access: 'token', issuers: [id(1), id(2)], limits: { sessions: 5 } },
    shut: { access: 'token', issuers: [] },
  },
  relays: [id(3)],
  revoked: [{ id: jti(1), until: 5 }],
};
const none: AccessSettings = { realms: [], peerIdentities: [] };
const rules = (content: object | undefined, settings = none): AccessRules =>
  new AccessRules(content && parseAccessFile(JSON.stringify(content), 'FILE'), settings);

describe('the access file', () => {
  it('is read', () => {
    const { realms, relays, revoked } = parseAccessFile(JSON.stringify(file), 'FILE');
    expect(realms?.get('work')).toEqual(file.realms.work);
    expect(realms?.get('lobby')).toEqual({ access: 'open', limits: {} });
    expect([...(relays ?? [])]).toEqual([id(3)]);
    expect([...revoked]).toEqual([[jti(1), 5]]);
  });

  it.each<[string, unknown]>([
    ['the whole', []],
    ['the whole', { revokd: [] }],
    ['realms', { realms: [] }],
    ['realms["a"]', { realms: { a: null } }],
    ['realms[""]', { realms: { '': { access: 'open' } } }],
    ['realms["a"].access', { realms: { a: {} } }],
    ['realms["a"].access', { realms: { a: { access: 'closed' } } }],
    ['realms["a"]', { realms: { a: { access: 'open', issuer: id(1) } } }],
    ['realms["a"].issuers', { realms: { a: { access: 'open', issuers: [id(1)] } } }],
    ['realms["a"].issuers', { realms: { a: { access: 'token' } } }],
    ['realms["a"].issuers', { realms: { a: { access: 'token', issuers: Array(65).fill(id(1)) } } }],
    ['realms["a"].issuers[1]', { realms: { a: { access: 'token', issuers: [id(1), 'me'] } } }],
    ['realms["a"].issuers[0]', { realms: { a: { access: 'token', issuers: ['A'.repeat(43)] } } }],
    ['realms["a"].limits', { realms: { a: { access: 'open', limits: { sessions: 0 } } } }],
    ['realms["a"].limits', { realms: { a: { access: 'open', limits: { sesions: 1 } } } }],
    ['relays', { relays: { a: 1 } }],
    ['relays[0]', { relays: [5] }],
    ['revoked', { revoked: Array(10_001).fill({ id: jti(1), until: 5 }) }],
    ['revoked[0]', { revoked: ['x'] }],
    ['revoked[0].id', { revoked: [{ id: 'x', until: 5 }] }],
    ['revoked[0].until', { revoked: [{ id: jti(1) }] }],
    ['revoked[0].until', { revoked: [{ id: jti(1), until: 1.5 }] }],
  ])('is refused, naming %s: %j', (field, content) => {
    let thrown: unknown;
    try {
      parseAccessFile(JSON.stringify(content), 'FILE');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(RelayError);
    const { code, message, remedy } = thrown as RelayError;
    expect(code).toBe('bad_access_file');
    expect(message.startsWith(`FILE: ${field} `)).toBe(true);
    expect(remedy).toContain(field);
  });

  it('of any text is rules or bad_access_file', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((text) => `{"realms":{"a":${text}}}`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          new AccessRules(parseAccessFile(text, 'FILE'), none);
        } catch (thrown) {
          expect((thrown as RelayError).code).toBe('bad_access_file');
        }
      }),
      { numRuns: runsOf(process.env, 500) },
    );
  });
});

describe('the rules', () => {
  it('without a file are the settings', () => {
    expect(rules(undefined).realm('any')).toMatchObject({ access: 'open' });
    expect(rules(undefined).realm('')).toBeUndefined();
    expect(rules(undefined)).toMatchObject({ admitsEveryRelay: true, hasOpenRealm: true });
    expect(rules(undefined).isRelayAdmitted(id(9))).toBe(true);
    const some = rules(undefined, { realms: ['a'], peerIdentities: [id(4)] });
    expect([some.realm('a')?.access, some.realm('b')]).toEqual(['open', undefined]);
    expect([some.isRelayAdmitted(id(4)), some.isRelayAdmitted(id(9))]).toEqual([true, false]);
    expect(some.isRevoked(jti(1))).toBe(false);
  });

  it('of a file say what its realms are, and serve no others', () => {
    const some = rules(file);
    expect(some.realm('lobby')?.access).toBe('open');
    expect(some.realm('work')).toEqual(file.realms.work);
    expect(some.realm('other')).toBeUndefined();
    for (const name of ['__proto__', 'constructor', 'toString']) expect(some.realm(name)).toBeUndefined();
  });

  it('let the file decide on a realm that the settings open', () => {
    const some = rules(file, { realms: ['work', 'more'], peerIdentities: [] });
    expect([some.realm('work')?.access, some.realm('more')?.access]).toEqual(['token', 'open']);
  });

  it('of a file without realms leave them to the settings', () => {
    expect(rules({ revoked: [] }).realm('any')?.access).toBe('open');
    expect(rules({ revoked: [] }, { realms: ['a'], peerIdentities: [] }).realm('any')).toBeUndefined();
  });

  it('admit the relays of file and settings', () => {
    const some = rules(file, { realms: [], peerIdentities: [id(4)] });
    expect([3, 4, 5].map((byte) => some.isRelayAdmitted(id(byte)))).toEqual([true, true, false]);
    expect(some.admitsEveryRelay).toBe(false);
    expect(rules({ relays: [] }).isRelayAdmitted(id(3))).toBe(false);
    expect(rules({}).isRelayAdmitted(id(3))).toBe(true);
  });

  it('strike off whom a list in the file does not name', () => {
    expect([rules(file).hasRelayList, rules({ relays: [] }).hasRelayList]).toEqual([true, true]);
    expect([rules({}).hasRelayList, rules(undefined).hasRelayList]).toEqual([false, false]);
  });

  it('know what is open and what is revoked, even when its time is over', () => {
    expect(rules({ realms: { work: file.realms.work } }).hasOpenRealm).toBe(false);
    expect(rules(file).hasOpenRealm).toBe(true);
    expect(
      rules({ realms: { work: file.realms.work } }, { realms: ['work'], peerIdentities: [] }).hasOpenRealm,
    ).toBe(false);
    expect([rules(file).isRevoked(jti(1)), rules(file).isRevoked(jti(2))]).toEqual([true, false]);
  });
});
