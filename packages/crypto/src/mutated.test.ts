import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { join, mutation, propertyRuns, seededRandom, utf8 } from '../test/support.js';
import { cpaceFinish, cpaceStart } from './cpace.js';
import { EnvelopeV1Opener, sealFrameV1 } from './envelope-v1.js';
import { CryptoError, type CryptoErrorCode } from './errors.js';
import { identityFromSeed, identityId, parseIdentityId, verifySignature } from './identity.js';
import { NoiseNNpsk0 } from './noise/nnpsk0.js';
import { deriveTunnelKey } from './tunnel-key.js';

const key = deriveTunnelKey(utf8('MYSECRET'));

/** What comes of it, or the code; nothing but a CryptoError with one of `allowed` may be thrown. */
function outcome<T>(run: () => T, ...allowed: readonly CryptoErrorCode[]): T | CryptoErrorCode {
  try {
    return run();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(CryptoError);
    const { code } = thrown as CryptoError;
    expect(allowed).toContain(code);
    return code;
  }
}

describe('mutated', () => {
  test('envelopes on a stream are a CryptoError, and what comes out was sealed', () => {
    const plain = ['one', 'the second', ''].map(utf8);
    const random = seededRandom('mutated');
    const stream = join(plain.flatMap((plaintext) => sealFrameV1(key, plaintext, random)));
    const known = plain.map((bytes) => Buffer.from(bytes).toString());
    fc.assert(
      fc.property(mutation(stream), (mutated) => {
        const opener = new EnvelopeV1Opener(key);
        outcome(
          () => {
            opener.push(mutated);
            expect(opener.bufferedBytes).toBe(mutated.length);
            for (let next = opener.next(); next !== undefined; next = opener.next())
              expect(known).toContain(Buffer.from(join(next)).toString());
          },
          'bad_length',
          'decrypt_failed',
        );
      }),
      { ...propertyRuns, numRuns: propertyRuns.numRuns * 10 },
    );
  });

  test('Noise messages are a CryptoError, both of them', () => {
    const make = (role: 'initiator' | 'responder') =>
      new NoiseNNpsk0({ role, psk: key, random: seededRandom(role) });
    const [initiator, responder] = [make('initiator'), make('responder')];
    const first = initiator.writeMessage(utf8('hello'));
    responder.readMessage(Uint8Array.from(first));
    const second = responder.writeMessage(utf8('world'));
    fc.assert(
      fc.property(mutation(first), mutation(second), (one, two) => {
        const payload = outcome(() => make('responder').readMessage(one), 'bad_length', 'decrypt_failed');
        if (typeof payload !== 'string') expect(Buffer.from(one)).toEqual(Buffer.from(first));
        const opener = make('initiator');
        opener.writeMessage(utf8('hello'));
        const codes = ['bad_length', 'decrypt_failed', 'bad_point'] as const;
        const answer = outcome(() => opener.readMessage(two), ...codes);
        if (typeof answer !== 'string') expect(Buffer.from(two)).toEqual(Buffer.from(second));
      }),
      { ...propertyRuns, numRuns: propertyRuns.numRuns * 2 },
    );
  });

  test('CPace shares are bad_point, or give another key', () => {
    const [a, b] = ['a', 'b'].map((seed) => cpaceStart({ password: key, random: seededRandom(seed) }));
    const finish = (peerShare: Uint8Array) =>
      cpaceFinish({ role: 'initiator', secret: a!.secret, ownShare: a!.share, peerShare });
    const right = Buffer.from(finish(b!.share));
    fc.assert(
      fc.property(mutation(b!.share), (share) => {
        const isk = outcome(() => finish(share), 'bad_point');
        const isSame = Buffer.from(share).equals(Buffer.from(b!.share));
        if (typeof isk !== 'string') expect(right.equals(isk)).toBe(isSame);
      }),
      propertyRuns,
    );
  });

  test('signatures and keys are false or bad_key', () => {
    const identity = identityFromSeed(new Uint8Array(32).fill(7));
    const message = utf8('what was signed');
    const signature = identity.sign(message);
    fc.assert(
      fc.property(mutation(signature), mutation(identity.publicKey), (forged, publicKey) => {
        const isSame = Buffer.from(forged).equals(Buffer.from(signature));
        expect(verifySignature({ publicKey: identity.publicKey, message, signature: forged })).toBe(isSame);
        const isKey = Buffer.from(publicKey).equals(Buffer.from(identity.publicKey));
        const verdict = outcome(() => verifySignature({ publicKey, message, signature }), 'bad_key');
        if (verdict !== 'bad_key') expect(verdict).toBe(isKey);
      }),
      { ...propertyRuns, numRuns: propertyRuns.numRuns * 3 },
    );
  });

  test('identity ids are bad_key, or the one spelling of another key', () => {
    const { id } = identityFromSeed(new Uint8Array(32).fill(7));
    fc.assert(
      fc.property(mutation(utf8(id)), (bytes) => {
        const text = Buffer.from(bytes).toString('latin1');
        const publicKey = outcome(() => parseIdentityId(text), 'bad_key');
        if (typeof publicKey !== 'string') expect(identityId(publicKey)).toBe(text);
      }),
      { ...propertyRuns, numRuns: propertyRuns.numRuns * 10 },
    );
  });
});
