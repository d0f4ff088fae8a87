import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  codeOf,
  fixedRandom,
  hex,
  propertyRuns,
  readVectors,
  seededRandom,
  unhex,
  utf8,
} from '../test/support.js';
import {
  type CPaceFinishOptions,
  cpaceFinish,
  cpaceStart,
  generatorString,
  multiplyVerified,
} from './cpace.js';
import { CryptoError } from './errors.js';

interface CPaceVectors {
  readonly generator: Record<'PRS' | 'CI' | 'sid' | 'generator_string' | 'hash_result' | 'g', string>;
  readonly exchange: Record<'ya' | 'ADa' | 'Ya' | 'yb' | 'ADb' | 'Yb' | 'K' | 'ISK_IR', string>;
  readonly scalar_mult_vfy: { s: string; X: string; result: string; invalid: readonly string[] };
}

const vectors = readVectors<CPaceVectors>('cpace-ristretto255-sha512.json');

describe('draft-irtf-cfrg-cpace-21 appendix B.3', () => {
  const { generator, exchange, scalar_mult_vfy } = vectors;
  const agreed = { channelIdentifier: unhex(generator.CI), sessionId: unhex(generator.sid) };
  const password = unhex(generator.PRS);

  test('B.3.1: generator string, its hash, the generator', () => {
    const string = generatorString({ password, ...agreed });
    expect(hex(string)).toBe(generator.generator_string);
    expect(hex(createHash('sha512').update(string).digest())).toBe(generator.hash_result);
    // The share under the scalar 1 is the generator itself.
    const one = unhex(`01${'00'.repeat(31)}`);
    expect(hex(cpaceStart({ password, ...agreed, random: fixedRandom(one) }).share)).toBe(generator.g);
  });

  test('B.3.2 and B.3.3: the shares', () => {
    const a = cpaceStart({ password, ...agreed, random: fixedRandom(unhex(exchange.ya)) });
    const b = cpaceStart({ password, ...agreed, random: fixedRandom(unhex(exchange.yb)) });
    expect(hex(a.share)).toBe(exchange.Ya);
    expect(hex(b.share)).toBe(exchange.Yb);
    expect(hex(a.secret)).toBe(exchange.ya);
  });

  test('B.3.4: the shared point', () => {
    expect(hex(multiplyVerified(unhex(exchange.ya), unhex(exchange.Yb)))).toBe(exchange.K);
    expect(hex(multiplyVerified(unhex(exchange.yb), unhex(exchange.Ya)))).toBe(exchange.K);
  });

  test('B.3.5: ISK with the ordered transcript, at both ends', () => {
    const common = {
      sessionId: agreed.sessionId,
      initiatorData: unhex(exchange.ADa),
      responderData: unhex(exchange.ADb),
    };
    const [Ya, Yb] = [unhex(exchange.Ya), unhex(exchange.Yb)];
    const a = {
      ...common,
      role: 'initiator',
      secret: unhex(exchange.ya),
      ownShare: Ya,
      peerShare: Yb,
    } as const;
    const b = {
      ...common,
      role: 'responder',
      secret: unhex(exchange.yb),
      ownShare: Yb,
      peerShare: Ya,
    } as const;
    expect(hex(cpaceFinish(a))).toBe(exchange.ISK_IR);
    expect(hex(cpaceFinish(b))).toBe(exchange.ISK_IR);
  });

  test('B.3.10 and B.3.11: scalar_mult_vfy, and the points that must abort', () => {
    const scalar = unhex(scalar_mult_vfy.s);
    expect(hex(multiplyVerified(scalar, unhex(scalar_mult_vfy.X)))).toBe(scalar_mult_vfy.result);
    expect(scalar_mult_vfy.invalid).toHaveLength(2);
    for (const invalid of scalar_mult_vfy.invalid) {
      expect(codeOf(() => multiplyVerified(scalar, unhex(invalid)))).toBe('bad_point');
      const own = cpaceStart({ password, ...agreed, random: seededRandom('own') });
      const peerShare = unhex(invalid);
      const options = { role: 'initiator', secret: own.secret, ownShare: own.share, peerShare } as const;
      expect(codeOf(() => cpaceFinish(options))).toBe('bad_point');
    }
  });
});

interface Side {
  readonly password: Uint8Array;
  readonly channelIdentifier: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly initiatorData: Uint8Array;
  readonly responderData: Uint8Array;
}

function run(initiator: Side, responder: Side): readonly [string, string] {
  const a = cpaceStart({ ...initiator, random: seededRandom('a') });
  const b = cpaceStart({ ...responder, random: seededRandom('b') });
  const iskA = {
    ...initiator,
    role: 'initiator',
    secret: a.secret,
    ownShare: a.share,
    peerShare: b.share,
  } as const;
  const iskB = {
    ...responder,
    role: 'responder',
    secret: b.secret,
    ownShare: b.share,
    peerShare: a.share,
  } as const;
  return [hex(cpaceFinish(iskA)), hex(cpaceFinish(iskB))];
}

describe('an exchange', () => {
  const side: Side = {
    password: utf8('key'),
    channelIdentifier: utf8('a to b'),
    sessionId: utf8('sid'),
    initiatorData: utf8('x'),
    responderData: utf8('y'),
  };

  test('agrees when everything agrees', () => {
    const [a, b] = run(side, side);
    expect(a).toBe(b);
    expect(a).toHaveLength(128);
  });

  test.each(Object.keys(side) as (keyof Side)[])('gives different keys when %s differs', (field) => {
    const [a, b] = run(side, { ...side, [field]: utf8('other') });
    expect(a).not.toBe(b);
  });

  test('moving a byte between neighbouring fields changes the key', () => {
    const [a] = run({ ...side, initiatorData: utf8('xy') }, side);
    const [b] = run({ ...side, initiatorData: utf8('x'), responderData: utf8('yy') }, side);
    expect(a).not.toBe(b);
  });

  test('both in the role of the initiator do not agree', () => {
    const a = cpaceStart({ ...side, random: seededRandom('a') });
    const b = cpaceStart({ ...side, random: seededRandom('b') });
    const finish = (own: typeof a, peer: typeof a): string =>
      hex(cpaceFinish({ role: 'initiator', secret: own.secret, ownShare: own.share, peerShare: peer.share }));
    expect(finish(a, b)).not.toBe(finish(b, a));
  });

  test('strings of 127, 128 and 20000 bytes are length-prefixed in LEB128', () => {
    for (const length of [127, 128, 20000]) {
      const long = { ...side, password: new Uint8Array(length), sessionId: new Uint8Array(length) };
      const [a, b] = run(long, long);
      expect(a).toBe(b);
    }
    const string = generatorString({ ...side, password: new Uint8Array(300) });
    expect(hex(string.subarray(18, 20))).toBe('ac02');
  });
});

describe('refusals', () => {
  const own = cpaceStart({ password: utf8('p'), random: seededRandom('own') });
  const peer = cpaceStart({ password: utf8('p'), random: seededRandom('peer') });
  const valid: CPaceFinishOptions = {
    role: 'initiator',
    secret: own.secret,
    ownShare: own.share,
    peerShare: peer.share,
  };

  test('arguments of the wrong shape', () => {
    const finish = (change: Partial<CPaceFinishOptions>) =>
      codeOf(() => cpaceFinish({ ...valid, ...change }));
    expect(finish({ peerShare: peer.share.subarray(1) })).toBe('bad_point');
    expect(finish({ peerShare: new Uint8Array(33) })).toBe('bad_point');
    expect(finish({ secret: own.secret.subarray(1) })).toBe('bad_key');
    expect(finish({ secret: new Uint8Array(32) })).toBe('bad_key');
    expect(finish({ secret: new Uint8Array(32).fill(255) })).toBe('bad_key');
    expect(finish({ ownShare: own.share.subarray(1) })).toBe('bad_key');
  });

  test('a random source that fails', () => {
    const start = (random: (length: number) => Uint8Array) =>
      codeOf(() => cpaceStart({ password: utf8('p'), random }));
    expect(start(() => new Uint8Array(31))).toBe('bad_random');
    expect(start(() => new Uint8Array(32))).toBe('bad_random');
  });

  test('the scalar keeps 252 random bits: all ones stay below the group order', () => {
    const { secret, share } = cpaceStart({
      password: utf8('p'),
      random: fixedRandom(new Uint8Array(32).fill(255)),
    });
    expect(hex(secret)).toBe(`${'ff'.repeat(31)}0f`);
    expect(cpaceFinish({ ...valid, secret, ownShare: share })).toHaveLength(64);
  });

  test('any 32 bytes as a share give a key or bad_point, never another error', () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (peerShare) => {
        try {
          expect(cpaceFinish({ ...valid, peerShare })).toHaveLength(64);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(CryptoError);
          expect((thrown as CryptoError).code).toBe('bad_point');
          refused++;
        }
      }),
      propertyRuns,
    );
    expect(refused).toBeGreaterThan(0);
  });
});
