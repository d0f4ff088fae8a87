import { identityFromSeed, identityId } from '@macula/crypto';
import { mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireError } from './errors.js';
import { FrameReader } from './frame.js';
import { HelloDialer, HelloListener } from './hello.js';
import { decodeMessage, encodeMessage, type Message } from './messages.js';
import { signNameClaim, verifyNameClaim } from './name-claim.js';
import type { Challenge, Hello } from './session-messages.js';
import { standbyMinor, wireMinor } from './version.js';

const agent = identityFromSeed(new Uint8Array(32).fill(1));
const relay = identityFromSeed(new Uint8Array(32).fill(2));
const mallory = identityFromSeed(new Uint8Array(32).fill(3));
const certificate = new Uint8Array(32).fill(4);

function dialer(options: Partial<ConstructorParameters<typeof HelloDialer>[0]> = {}): HelloDialer {
  return new HelloDialer({
    role: 'agent',
    realm: 'io.macula',
    names: ['a@h'],
    identity: agent,
    bootId: new Uint8Array(16).fill(5),
    sessionSeq: 7,
    nonce: new Uint8Array(32).fill(6),
    label: 'a',
    certificateSha256: certificate,
    identityPin: undefined,
    ...options,
  });
}

function listener(options: Partial<ConstructorParameters<typeof HelloListener>[0]> = {}): HelloListener {
  return new HelloListener({
    identity: relay,
    bootId: new Uint8Array(16).fill(8),
    nonce: new Uint8Array(32).fill(9),
    certificateSha256: certificate,
    ...options,
  });
}

describe('HELLO', () => {
  it('succeeds between honest parties', () => {
    const [a, r] = [dialer({ identityPin: identityId(relay.publicKey) }), listener()];
    const proof = a.handleChallenge(r.handleHello(a.hello));
    const proven = r.handleProof(proof);
    expect(proven.hello).toBe(a.hello);
    expect(proven.claim?.claim).toMatchObject({ names: ['a@h'], claimSeq: 0, relay: relay.publicKey });
    expect(verifyNameClaim(proven.claim!.claim, proven.claim!.signature)).toBe(true);
  });

  it('fails through a relay in the middle, which has another certificate', () => {
    const a = dialer({ certificateSha256: new Uint8Array(32).fill(99) });
    expect(() => listener().handleHello(a.hello)).toThrow(
      expect.objectContaining({ code: 'channel_binding_mismatch' }),
    );
    // It may write the relay's own certificate in; then the relay signs what the dialer didn't see.
    const challenge = listener().handleHello({ ...a.hello, certificate });
    expect(() => a.handleChallenge(challenge)).toThrow(expect.objectContaining({ code: 'bad_signature' }));
  });

  it('passes through a proxy whose certificate the operator has listed', () => {
    const proxy = new Uint8Array(32).fill(99);
    const [a, r] = [dialer({ certificateSha256: proxy }), listener({ publicCertificates: [proxy] })];
    expect(r.handleProof(a.handleChallenge(r.handleHello(a.hello))).hello).toBe(a.hello);
  });

  it('refuses a relay that is not the pinned one', () => {
    const a = dialer({ identityPin: identityId(mallory.publicKey) });
    const challenge = listener().handleHello(a.hello);
    expect(() => a.handleChallenge(challenge)).toThrow(expect.objectContaining({ code: 'id_mismatch' }));
  });

  it('refuses another major version on both sides', () => {
    const [a, r] = [dialer(), listener()];
    expect(() => r.handleHello({ ...a.hello, major: 1 })).toThrow(
      expect.objectContaining({ code: 'version_unsupported' }),
    );
    const challenge = r.handleHello(a.hello);
    expect(() => a.handleChallenge({ ...challenge, major: 0 })).toThrow(
      expect.objectContaining({ code: 'version_unsupported' }),
    );
  });

  it('refuses a replayed proof: the listener drew another nonce', () => {
    const [a, r] = [dialer(), listener()];
    const proof = a.handleChallenge(r.handleHello(a.hello));
    const again = listener({ nonce: new Uint8Array(32).fill(10) });
    again.handleHello(a.hello);
    expect(() => again.handleProof(proof)).toThrow(expect.objectContaining({ code: 'bad_signature' }));
  });

  it('refuses a reflected signature: each direction signs other bytes', () => {
    const [a, r] = [dialer(), listener()];
    const challenge = r.handleHello(a.hello);
    expect(() => r.handleProof({ kind: 'proof', signature: challenge.signature })).toThrow(
      expect.objectContaining({ code: 'bad_signature' }),
    );
  });

  it("refuses a relay's own signature as the proof of who pretends to be that relay", () => {
    const a = dialer({ role: 'relay', identity: relay });
    const r = listener();
    const { signature } = r.handleHello(a.hello);
    expect(() => r.handleProof({ kind: 'proof', signature })).toThrow(
      expect.objectContaining({ code: 'bad_signature' }),
    );
  });

  it('refuses an agent whose names are not signed, or signed for another relay or session', () => {
    for (const change of [{ relay: mallory.publicKey }, { sessionSeq: 8 }, { names: ['b@h'] }, undefined]) {
      const [a, r] = [dialer(), listener()];
      const { claim: _, ...proof } = a.handleChallenge(r.handleHello(a.hello));
      const claimed = { ...a.hello, claimSeq: 0, relay: relay.publicKey, ...change };
      const claim = change === undefined ? {} : { claim: signNameClaim(agent, claimed) };
      expect(() => r.handleProof({ ...proof, ...claim })).toThrow(
        expect.objectContaining({ code: 'bad_signature' }),
      );
    }
  });

  it('carries the token, covered by the signature', () => {
    const [a, r] = [dialer({ token: 'a.b.c' }), listener()];
    const proof = a.handleChallenge(r.handleHello(a.hello));
    expect(() => r.handleProof({ ...proof, token: 'a.b.d' })).toThrow(
      expect.objectContaining({ code: 'bad_signature' }),
    );
    const { token: _, ...without } = proof;
    expect(() => r.handleProof(without)).toThrow(expect.objectContaining({ code: 'bad_signature' }));
    expect(r.handleProof(proof).token).toBe('a.b.c');
  });

  it('proves the mesh secret both ways, and says nothing to a relay that has another', () => {
    const secret = new Uint8Array(32).fill(42);
    const other = new Uint8Array(32).fill(43);
    const meet = (mine: Uint8Array | undefined, theirs: Uint8Array | undefined) => {
      const a = dialer({ role: 'relay', identity: mallory, realm: '', names: [], meshSecret: mine });
      const r = listener({ meshSecret: theirs });
      const proof = a.handleChallenge(r.handleHello(a.hello));
      return {
        dialer: a.isMeshSecretProven,
        listener: r.handleProof(proof).isMeshSecretProven,
        said: proof.meshProof !== undefined,
      };
    };
    expect(meet(secret, secret)).toEqual({ dialer: true, listener: true, said: true });
    for (const [mine, theirs] of [
      [secret, other],
      [secret, undefined],
      [undefined, secret],
      [undefined, undefined],
    ])
      expect(meet(mine, theirs)).toEqual({ dialer: false, listener: false, said: false });
  });

  it("refuses the listener's mesh proof reflected as the dialer's, and gives none to an agent", () => {
    const secret = new Uint8Array(32).fill(42);
    const a = dialer({ role: 'relay', identity: mallory, realm: '', names: [] });
    const r = listener({ meshSecret: secret });
    const { meshProof } = r.handleHello(a.hello);
    const again = listener({ meshSecret: secret });
    const challenge = again.handleHello(a.hello);
    const proof = { ...a.handleChallenge(challenge), meshProof: meshProof! };
    expect(again.handleProof(proof).isMeshSecretProven).toBe(false);
    expect(listener({ meshSecret: secret }).handleHello(dialer().hello).meshProof).toBeUndefined();
  });

  it('refuses a key of low order on both sides, under which every signature would fit', () => {
    const [a, r] = [dialer(), listener()];
    const identity = new Uint8Array(32);
    const challenge = r.handleHello({ ...a.hello, identity });
    const badSignature = expect.objectContaining({ name: 'WireError', code: 'bad_signature' });
    expect(() => r.handleProof({ kind: 'proof', signature: new Uint8Array(64) })).toThrow(badSignature);
    expect(() => a.handleChallenge({ ...challenge, identity })).toThrow(badSignature);
    expect(() =>
      dialer({ identityPin: identityId(relay.publicKey) }).handleChallenge({ ...challenge, identity }),
    ).toThrow(badSignature);
  });

  it('mutated on its way fails with a WireError; what passes is what was sent', () => {
    const altered = (message: Message, recipe: Uint8Array): Message | undefined => {
      const valid = encodeMessage(message);
      const reader = new FrameReader();
      reader.push(mutate(valid, valid, recipe));
      const frame = reader.next();
      return frame && decodeMessage(frame);
    };
    const recipe = fc.uint8Array({ maxLength: 8 });
    let passed = 0;
    fc.assert(
      fc.property(recipe, recipe, recipe, (...recipes) => {
        const [a, r] = [dialer({ token: 'a.b.c' }), listener()];
        try {
          const hello = altered(a.hello, recipes[0]);
          if (hello?.kind !== 'hello') return;
          const challenge = altered(r.handleHello(hello), recipes[1]);
          if (challenge?.kind !== 'challenge') return;
          const proof = altered(a.handleChallenge(challenge), recipes[2]);
          if (proof?.kind !== 'proof') return;
          const proven = r.handleProof(proof);
          expect(encodeMessage(proven.hello)).toEqual(encodeMessage(a.hello));
          expect(proven.token).toBe('a.b.c');
          passed++;
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: runsOf(process.env, 500) },
    );
    expect(passed).toBeGreaterThan(0);
  });

  it('names the minor version it is told to, and takes any', () => {
    const [a, r] = [dialer({ minor: wireMinor + 3 }), listener({ minor: wireMinor + 7 })];
    const challenge = r.handleHello(a.hello);
    expect([a.hello.minor, challenge.minor]).toEqual([wireMinor + 3, wireMinor + 7]);
    expect(r.handleProof(a.handleChallenge(challenge)).hello).toBe(a.hello);
  });

  it('that stands by is signed as such: nobody can show it as the one that owns the names, or the other way round', () => {
    for (const standby of [true, false]) {
      const [a, r] = [dialer({ standby }), listener()];
      const proof = a.handleChallenge(r.handleHello(a.hello));
      const { claim } = r.handleProof(proof);
      expect(claim!.claim.standby ?? false).toBe(standby);
      expect(verifyNameClaim({ ...claim!.claim, standby: !standby }, claim!.signature)).toBe(false);
      const forged = listener();
      const other = a.handleChallenge(forged.handleHello(a.hello));
      const turned = listener();
      turned.handleHello({ ...a.hello, standby: !standby });
      expect(() => turned.handleProof(other)).toThrow(expect.objectContaining({ code: 'bad_signature' }));
    }
  });

  it('that stands by is not said to a relay that would take it for the owner of its names', () => {
    const challenge = listener({ minor: standbyMinor - 1 }).handleHello(dialer({ standby: true }).hello);
    expect(() => dialer({ standby: true }).handleChallenge(challenge)).toThrow(
      expect.objectContaining({ code: 'version_unsupported' }),
    );
    expect(() => dialer().handleChallenge(challenge)).not.toThrow();
  });

  it('refuses PROOF before HELLO', () => {
    expect(() => listener().handleProof({ kind: 'proof', signature: new Uint8Array(64) })).toThrow(
      expect.objectContaining({ code: 'unexpected_message' }),
    );
  });

  const changedHello: readonly [keyof Hello, unknown][] = [
    ['minor', wireMinor + 1],
    ['role', 'relay'],
    ['realm', 'other'],
    ['names', ['a@h', 'b@h']],
    ['names', ['a@', 'h']],
    ['identity', mallory.publicKey],
    ['bootId', new Uint8Array(16)],
    ['sessionSeq', 8],
    ['nonce', new Uint8Array(32)],
    ['label', 'b'],
  ];
  it.each(changedHello)('covers the dialer’s %s by the signature', (field, value) => {
    const [a, r] = [dialer(), listener()];
    const challenge = r.handleHello({ ...a.hello, [field]: value } as Hello);
    expect(() => a.handleChallenge(challenge)).toThrow(expect.objectContaining({ code: 'bad_signature' }));
  });

  const changedChallenge: readonly [keyof Challenge, unknown][] = [
    ['minor', wireMinor + 1],
    ['identity', mallory.publicKey],
    ['bootId', new Uint8Array(16)],
    ['nonce', new Uint8Array(32)],
    ['signature', new Uint8Array(64)],
  ];
  it.each(changedChallenge)('covers the listener’s %s by the signature', (field, value) => {
    const [a, r] = [dialer(), listener()];
    const challenge = { ...r.handleHello(a.hello), [field]: value } as Challenge;
    expect(() => a.handleChallenge(challenge)).toThrow(expect.objectContaining({ code: 'bad_signature' }));
  });
});
