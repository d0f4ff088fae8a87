import { identityFromSeed, identityId } from '@macula/crypto';
import { describe, expect, it } from 'vitest';
import { HelloDialer, HelloListener } from './hello.js';
import type { Challenge, Hello } from './messages.js';
import { wireMinor } from './version.js';

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
    expect(r.handleProof(proof)).toBe(a.hello);
  });

  it('fails through a relay in the middle, which has another certificate', () => {
    const a = dialer({ certificateSha256: new Uint8Array(32).fill(99) });
    const challenge = listener().handleHello(a.hello);
    expect(() => a.handleChallenge(challenge)).toThrow(expect.objectContaining({ code: 'bad_signature' }));
  });

  it('refuses a relay that is not the pinned one', () => {
    const a = dialer({ identityPin: identityId(mallory.publicKey) });
    const challenge = listener().handleHello(a.hello);
    expect(() => a.handleChallenge(challenge)).toThrow(expect.objectContaining({ code: 'id_mismatch' }));
  });

  it('refuses another major version on both sides', () => {
    const [a, r] = [dialer(), listener()];
    expect(() => r.handleHello({ ...a.hello, major: 2 })).toThrow(
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
