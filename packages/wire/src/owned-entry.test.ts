import { identityFromSeed } from '@macula/crypto';
import { runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireError } from './errors.js';
import { nameBytesPerSessionMax, namesPerSessionMax, ownedEntryBytesMax, realmBytesMax } from './limits.js';
import { signNameClaim, verifyNameClaim } from './name-claim.js';
import {
  claimOfOwned,
  claimsDigest,
  decodeOwnedEntry,
  encodeOwnedEntry,
  nameBytesOf,
  type OwnedClaim,
  type OwnedEntry,
  signOwned,
  verifyOwned,
} from './owned-entry.js';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const name = fc.string({ minLength: 1, maxLength: 40 });

const arbitraryEntry: fc.Arbitrary<OwnedEntry> = fc.oneof(
  fc
    .record({
      session: fc.integer({ min: 1 }),
      realm: name,
      identity: bytes(32),
      bootId: bytes(16),
      sessionSeq: fc.maxSafeNat(),
      claimSeq: fc.maxSafeNat(),
      owned: fc.array(fc.tuple(name, fc.maxSafeNat()), { maxLength: 5 }),
      claim: bytes(64),
    })
    .map(({ owned, ...rest }) => ({
      kind: 'claim' as const,
      ...rest,
      names: owned.map(([of]) => of),
      since: owned.map(([, since]) => since),
    })),
  fc.record({
    kind: fc.constant('release' as const),
    session: fc.integer({ min: 1 }),
    keepMs: fc.nat(15_000),
  }),
  bytes(16).map((digest) => ({ kind: 'beat' as const, digest })),
  fc.array(bytes(8), { maxLength: 4 }).map((relays) => ({
    kind: 'neighbours' as const,
    relays: Uint8Array.from(relays.flatMap((r) => [...r])),
  })),
  fc.record({
    kind: fc.constant('conflict' as const),
    realm: name,
    identity: bytes(32),
    bootId: bytes(16),
    sessionSeq: fc.maxSafeNat(),
  }),
);

const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, v) => (v instanceof Uint8Array ? [...v] : (v?.data ?? v))));

const claim = (more: Partial<OwnedClaim> = {}): OwnedClaim => ({
  ...{ kind: 'claim', session: 1, realm: 'r', identity: new Uint8Array(32), bootId: new Uint8Array(16) },
  ...{ sessionSeq: 1, claimSeq: 0, names: ['a@x'], since: [5], claim: new Uint8Array(64) },
  ...more,
});

describe('entries', () => {
  it('round-trip', () => {
    fc.assert(
      fc.property(arbitraryEntry, (entry) => {
        expect(plain(decodeOwnedEntry(encodeOwnedEntry(entry)))).toEqual(plain(entry));
      }),
      { numRuns: runsOf(process.env, 300) },
    );
  });

  it('a release has this encoding (hex vector)', () => {
    // 83 map of 3; "kind" "release", "session" 7, "keepMs" 5
    const hex = '83a46b696e64a772656c65617365a773657373696f6e07a66b6565704d7305';
    const entry = { kind: 'release', session: 7, keepMs: 5 } as const;
    expect(Buffer.from(encodeOwnedEntry(entry)).toString('hex')).toBe(hex);
    expect(decodeOwnedEntry(Buffer.from(hex, 'hex'))).toEqual(entry);
  });

  it('a beat tells the claims in force by a digest: HMAC-SHA-256 of the eight bytes of each version (hex vector)', () => {
    // python3: hmac.new(b'macula owned claims', (1).to_bytes(8, 'big') + (2**32).to_bytes(8, 'big'), 'sha256').hexdigest()[:32]
    expect(Buffer.from(claimsDigest([1, 2 ** 32])).toString('hex')).toBe('0d4d346182b8b9e3005ebe9099601ae6');
    for (const other of [[], [1], [2 ** 32], [1, 2, 2 ** 32]])
      expect(claimsDigest(other)).not.toEqual(claimsDigest([1, 2 ** 32]));
  });

  it('answer mutated valid bytes with an entry, nothing, or a WireError', () => {
    const mutations = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(arbitraryEntry, mutations, (entry, changes) => {
        const mutated = Uint8Array.from(encodeOwnedEntry(entry));
        for (const [at, mask] of changes) mutated[at % mutated.length]! ^= mask;
        try {
          decodeOwnedEntry(mutated);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: runsOf(process.env, 2000) },
    );
  });

  it('of an unknown kind are undefined (a newer minor version), also of one that every object has', () => {
    for (const kind of ['newer', 'constructor', 'toString'])
      expect(decodeOwnedEntry(encodeOwnedEntry({ kind } as unknown as OwnedEntry))).toBeUndefined();
  });

  it.each<[string, OwnedEntry]>([
    ['fewer "since" than names', claim({ since: [] })],
    ['session 0', claim({ session: 0 })],
    ['a reservation of more than 15 s', { kind: 'release', session: 1, keepMs: 15_001 }],
    ['a beat with a short digest', { kind: 'beat', digest: new Uint8Array(15) }],
    ['half a neighbour', { kind: 'neighbours', relays: new Uint8Array(12) }],
  ])('refuse %s', (_what, entry) => {
    expect(() => decodeOwnedEntry(encodeOwnedEntry(entry))).toThrow(
      expect.objectContaining({ code: 'bad_field' }),
    );
  });

  it('with the longest names of one session are within the limit', () => {
    const each = nameBytesPerSessionMax / namesPerSessionMax;
    const names = Array.from({ length: namesPerSessionMax }, (_, index) => String(index).padEnd(each, 'x'));
    expect(nameBytesOf(names)).toBe(nameBytesPerSessionMax);
    const since = names.map(() => Number.MAX_SAFE_INTEGER);
    const session = Number.MAX_SAFE_INTEGER;
    const entry = claim({ names, since, session, sessionSeq: session, realm: 'r'.repeat(realmBytesMax) });
    expect(encodeOwnedEntry(entry).length).toBeLessThan(ownedEntryBytesMax * 0.75);
  });
});

describe('signatures', () => {
  const relay = identityFromSeed(new Uint8Array(32).fill(1));
  const agent = identityFromSeed(new Uint8Array(32).fill(2));
  const place = { origin: relay.publicKey, epoch: 3, version: 4 };
  const entry = encodeOwnedEntry({ kind: 'beat', digest: claimsDigest([]) });

  it('of an entry fit its origin, its place and its bytes, and nothing else', () => {
    const signature = signOwned(relay, place, entry);
    expect(verifyOwned(place, entry, signature)).toBe(true);
    const other = Uint8Array.from(entry);
    other[other.length - 1]! ^= 1;
    for (const [wrongPlace, wrongEntry] of [
      [{ ...place, epoch: 4 }, entry],
      [{ ...place, version: 5 }, entry],
      [{ ...place, origin: agent.publicKey }, entry],
      [place, other],
    ] as const)
      expect(verifyOwned(wrongPlace, wrongEntry, signature)).toBe(false);
  });

  it('of the agent fit at the relay it spoke to and at no other', () => {
    const unsigned = claim({ identity: agent.publicKey });
    const signature = signNameClaim(agent, claimOfOwned(unsigned, relay.publicKey));
    expect(verifyNameClaim(claimOfOwned(unsigned, relay.publicKey), signature)).toBe(true);
    expect(verifyNameClaim(claimOfOwned(unsigned, new Uint8Array(32).fill(9)), signature)).toBe(false);
    const more = { ...unsigned, names: ['a@x', 'b@x'] };
    expect(verifyNameClaim(claimOfOwned(more, relay.publicKey), signature)).toBe(false);
  });
});
