import { createDecipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeOf, fixedRandom, hex, join, propertyRuns, seededRandom, unhex, utf8 } from '../test/support.js';
import {
  EnvelopeV1Opener,
  envelopeV1OverheadBytes,
  envelopeV1PlaintextBytesMax,
  openV1,
  sealFrameV1,
  sealV1,
} from './envelope-v1.js';
import { deriveTunnelKey } from './tunnel-key.js';

const key = deriveTunnelKey(utf8('MYSECRET'));
const nonce = unhex('000102030405060708090a0b');

describe('envelope', () => {
  test('nonce | ciphertext | tag', () => {
    const envelope = sealV1(key, utf8('hello'), fixedRandom(nonce));
    expect(hex(envelope.subarray(0, 12))).toBe(hex(nonce));
    expect(envelope).toHaveLength(5 + envelopeV1OverheadBytes);
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
    decipher.setAuthTag(envelope.subarray(17));
    const plaintext = decipher.update(envelope.subarray(12, 17));
    decipher.final();
    expect(plaintext.toString()).toBe('hello');
  });

  test('the same bytes as Erlang makes', () => {
    // crypto:crypto_one_time_aead(aes_256_gcm, Key, <<0,1,…,11>>, <<"hello">>, <<>>, true)
    expect(hex(sealV1(key, utf8('hello'), fixedRandom(nonce)))).toBe(
      '000102030405060708090a0bd172d396bfa0bd8ee705e0aeeca85a74d555f9672a',
    );
  });

  test('round trip', () => {
    const random = seededRandom('v1');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (plaintext) => {
        expect(hex(openV1(key, sealV1(key, plaintext, random)))).toBe(hex(plaintext));
      }),
      propertyRuns,
    );
  });

  test('a wrong cookie and every single-bit flip are decrypt_failed', () => {
    const envelope = sealV1(key, utf8('hello'), fixedRandom(nonce));
    expect(codeOf(() => openV1(deriveTunnelKey(utf8('OTHER')), envelope))).toBe('decrypt_failed');
    for (let bit = 0; bit < envelope.length * 8; bit++) {
      const flipped = Uint8Array.from(envelope);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(codeOf(() => openV1(key, flipped))).toBe('decrypt_failed');
    }
  });

  test('truncation is bad_length or decrypt_failed', () => {
    const envelope = sealV1(key, utf8('hello'), fixedRandom(nonce));
    for (let length = 0; length < envelope.length; length++) {
      expect(codeOf(() => openV1(key, envelope.subarray(0, length)))).toBe(
        length < envelopeV1OverheadBytes ? 'bad_length' : 'decrypt_failed',
      );
    }
  });

  test('arguments are checked', () => {
    const random = seededRandom('v1');
    expect(codeOf(() => sealV1(key.subarray(1), utf8('x'), random))).toBe('bad_key');
    expect(codeOf(() => openV1(key.subarray(1), new Uint8Array(40)))).toBe('bad_key');
    expect(codeOf(() => new EnvelopeV1Opener(key.subarray(1)))).toBe('bad_key');
    expect(codeOf(() => sealV1(key, utf8('x'), () => new Uint8Array(11)))).toBe('bad_random');
    const tooLong = new Uint8Array(envelopeV1PlaintextBytesMax + 1);
    expect(codeOf(() => sealV1(key, tooLong, random))).toBe('bad_length');
    expect(codeOf(() => sealFrameV1(key, tooLong, random))).toBe('bad_length');
  });
});

describe('stream', () => {
  test('any plaintexts at any chunk boundaries', () => {
    const random = seededRandom('v1');
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 4000 }),
        (plaintexts, size) => {
          const stream = join(plaintexts.flatMap((plaintext) => sealFrameV1(key, plaintext, random)));
          const opener = new EnvelopeV1Opener(key);
          const out: string[] = [];
          for (let offset = 0; offset < stream.length; offset += size) {
            opener.push(stream.slice(offset, offset + size));
            for (let next = opener.next(); next !== undefined; next = opener.next())
              out.push(hex(join(next)));
          }
          expect(out).toEqual(plaintexts.map(hex));
          expect(opener.atBoundary).toBe(true);
        },
      ),
      propertyRuns,
    );
  });

  test('a frame is the length and an envelope that openV1 opens', () => {
    const frame = join(sealFrameV1(key, utf8('abc'), fixedRandom(nonce)));
    expect(hex(frame.subarray(0, 4))).toBe('0000001f');
    expect(hex(frame.subarray(4))).toBe(hex(sealV1(key, utf8('abc'), fixedRandom(nonce))));
  });

  test('truncation delivers nothing, a wrong key fails for good', () => {
    const frame = join(sealFrameV1(key, utf8('abc'), fixedRandom(nonce)));
    const opener = new EnvelopeV1Opener(key);
    opener.push(frame.slice(0, -1));
    expect(opener.next()).toBeUndefined();
    expect(opener.bufferedBytes).toBe(frame.length - 1);

    const wrong = new EnvelopeV1Opener(deriveTunnelKey(utf8('OTHER')));
    wrong.push(frame.slice());
    expect(codeOf(() => wrong.next())).toBe('decrypt_failed');
    expect(codeOf(() => wrong.push(frame.slice()))).toBe('decrypt_failed');
  });

  test('claimed lengths out of bounds are refused on the header alone', () => {
    for (const claimed of ['0000001b', '0010001d', 'ffffffff']) {
      const opener = new EnvelopeV1Opener(key);
      opener.push(unhex(claimed));
      expect(codeOf(() => opener.next())).toBe('bad_length');
    }
    const opener = new EnvelopeV1Opener(key);
    opener.push(unhex('0010001c'));
    expect(opener.next()).toBeUndefined();
  });

  test('the documented weakness: replay and reorder go unnoticed', () => {
    const random = seededRandom('v1');
    const [a, b] = [join(sealFrameV1(key, utf8('a'), random)), join(sealFrameV1(key, utf8('b'), random))];
    const opener = new EnvelopeV1Opener(key);
    opener.push(join([b, a, a]));
    const out = [opener.next(), opener.next(), opener.next()].map((pieces) => hex(join(pieces!)));
    expect(out).toEqual(['62', '61', '61']);
  });
});
