import { heldBytes, mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeBody } from './body.js';
import { codeFromNumber, wireCodes } from './codes.js';
import { WireError } from './errors.js';
import { encodeRawFrame, FrameReader, type RawFrame } from './frame.js';
import { ownedAgeMsMax, ownedEntryBytesMax } from './limits.js';
import { decodeMessage, encodeMessage, type Message, messageTypes } from './messages.js';
import { wireMajor } from './version.js';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const name = fc.string({ minLength: 1, maxLength: 40 });
const names = fc.array(name, { maxLength: 5 });
const number = fc.nat();
const code = fc.constantFrom(...(Object.keys(wireCodes) as (keyof typeof wireCodes)[]));
const text = fc.string({ maxLength: 50 });

const arbitraryMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('hello' as const),
      major: fc.constant(wireMajor),
      minor: fc.nat(65_535),
      role: fc.constantFrom('agent' as const, 'relay' as const),
      realm: text,
      names,
      identity: bytes(32),
      bootId: bytes(16),
      sessionSeq: fc.maxSafeNat(),
      nonce: bytes(32),
      certificate: bytes(32),
      label: text,
      standby: fc.boolean(),
    },
    {
      requiredKeys: [
        'kind',
        'major',
        'minor',
        'role',
        'realm',
        'names',
        'identity',
        'bootId',
        'sessionSeq',
        'nonce',
        'certificate',
        'label',
      ],
    },
  ),
  fc.record(
    {
      kind: fc.constant('challenge' as const),
      major: fc.constant(wireMajor),
      minor: fc.nat(65_535),
      identity: bytes(32),
      bootId: bytes(16),
      nonce: bytes(32),
      signature: bytes(64),
      meshProof: bytes(32),
    },
    { requiredKeys: ['kind', 'major', 'minor', 'identity', 'bootId', 'nonce', 'signature'] },
  ),
  fc.record(
    {
      kind: fc.constant('proof' as const),
      signature: bytes(64),
      token: name,
      claim: bytes(64),
      meshProof: bytes(32),
    },
    { requiredKeys: ['kind', 'signature'] },
  ),
  fc.record({ kind: fc.constant('welcome' as const), label: text }),
  fc.record(
    {
      kind: fc.constant('names' as const),
      request: number,
      add: names,
      remove: names,
      claimSeq: fc.maxSafeNat(),
      claim: bytes(64),
      sessionSeq: fc.maxSafeNat(),
    },
    { requiredKeys: ['kind', 'request', 'add', 'remove', 'claimSeq', 'claim'] },
  ),
  fc.record({ kind: fc.constant('names_done' as const), request: number, taken: names }),
  fc.record({ kind: fc.constant('ping' as const), number }),
  fc.record({ kind: fc.constant('pong' as const), number }),
  fc.constant({ kind: 'draining' as const }),
  fc.constant({ kind: 'renew' as const }),
  fc.constant({ kind: 'former_gone' as const }),
  fc.record(
    { kind: fc.constant('goodbye' as const), code, text, retryMs: fc.nat(600_000) },
    { requiredKeys: ['kind', 'code', 'text'] },
  ),
  fc.record({ kind: fc.constant('watch' as const), on: fc.boolean() }),
  fc.record({
    kind: fc.constant('presence' as const),
    whole: fc.boolean(),
    more: fc.boolean(),
    joined: names,
    left: names,
  }),
  fc.record({ kind: fc.constant('swim' as const), message: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({
    kind: fc.constant('filter' as const),
    keyId: bytes(8),
    offset: fc.nat(1000),
    total: fc.integer({ min: 1300, max: 8_000_000 }),
    part: fc.uint8Array({ maxLength: 300 }),
  }),
  fc.record({ kind: fc.constant('filter_delta' as const), delta: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({ kind: fc.constant('filter_version' as const), epoch: fc.maxSafeNat(), version: number }),
  fc.constant({ kind: 'filter_ask' as const }),
  fc.record({
    kind: fc.constant('owned' as const),
    origin: bytes(32),
    epoch: fc.maxSafeNat(),
    version: number,
    from: number,
    ageMs: fc.nat(ownedAgeMsMax),
    entry: fc.uint8Array({ maxLength: 300 }),
    signature: bytes(64),
    more: fc.boolean(),
  }),
  fc.array(fc.tuple(bytes(32), fc.maxSafeNat(), number), { maxLength: 4 }).map((known) => ({
    kind: 'owned_have' as const,
    origins: known.map(([origin]) => origin),
    epochs: known.map(([, epoch]) => epoch),
    versions: known.map(([, , version]) => version),
  })),
  fc.record(
    {
      kind: fc.constant('open' as const),
      pathId: bytes(16),
      realm: name,
      from: name,
      to: name,
      visited: fc.array(bytes(32), { maxLength: 4 }),
      hopsLeft: fc.nat(255),
      offer: fc.uint8Array({ maxLength: 300 }),
      exclude: fc.array(bytes(16), { maxLength: 8 }),
      source: bytes(32),
      hints: fc.array(bytes(32), { maxLength: 8 }),
    },
    { requiredKeys: ['kind', 'pathId', 'realm', 'from', 'to', 'visited', 'hopsLeft', 'offer', 'exclude'] },
  ),
  fc.record(
    {
      kind: fc.constant('open_ok' as const),
      answer: fc.uint8Array({ maxLength: 300 }),
      via: bytes(16),
    },
    { requiredKeys: ['kind', 'answer'] },
  ),
  fc.record(
    { kind: fc.constant('open_failed' as const), code, text, via: bytes(16) },
    { requiredKeys: ['kind', 'code', 'text'] },
  ),
);

function onlyFrame(encoded: Uint8Array): RawFrame {
  const reader = new FrameReader();
  reader.push(encoded);
  const frame = reader.next();
  expect(frame).toBeDefined();
  expect(reader.bufferedBytes).toBe(0);
  return frame!;
}

function encodeAll(messages: readonly Message[]): Uint8Array {
  return Uint8Array.from(messages.flatMap((message) => [...encodeMessage(message)]));
}

const encodeAndDecode = (message: Message) => decodeMessage(onlyFrame(encodeMessage(message)));

/** Buffers and Uint8Arrays alike. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_key, v) =>
      v instanceof Uint8Array ? [...v] : v?.type === 'Buffer' ? v.data : v,
    ),
  );

describe('messages', () => {
  it('round-trip', () => {
    fc.assert(
      fc.property(arbitraryMessage, (message) => {
        expect(plain(decodeMessage(onlyFrame(encodeMessage(message))))).toEqual(plain(message));
      }),
      { numRuns: runsOf(process.env, 500) },
    );
  });

  it('PING has this encoding (hex vector)', () => {
    // 0000000a length, 07 type, 81 map of 1, a6 "number", 05
    expect(Buffer.from(encodeMessage({ kind: 'ping', number: 5 })).toString('hex')).toBe(
      '0000000a0781a66e756d62657205',
    );
  });

  it.each([
    // length 2, type, 80 an empty map
    ['renew', '000000020b80'],
    ['former_gone', '000000020c80'],
  ] as const)('%s has this encoding (hex vector)', (kind, hex) => {
    expect(Buffer.from(encodeMessage({ kind })).toString('hex')).toBe(hex);
    expect(decodeMessage(onlyFrame(Buffer.from(hex, 'hex')))).toEqual({ kind });
  });

  it('OWNED_HAVE has this encoding (hex vector), and its lists are of one length', () => {
    // 83 map of 3; "origins" [c4 20 …], "epochs" [2], "versions" [3]
    const origins = `a76f726967696e7391c420${'11'.repeat(32)}`;
    const body = `83${origins}a665706f6368739102a876657273696f6e739103`;
    const message = {
      kind: 'owned_have',
      origins: [new Uint8Array(32).fill(0x11)],
      epochs: [2],
      versions: [3],
    } as const;
    const encoded = Buffer.from(encodeMessage(message)).toString('hex');
    expect(encoded).toBe(`${(1 + body.length / 2).toString(16).padStart(8, '0')}0e${body}`);
    expect(() => encodeAndDecode({ ...message, epochs: [] })).toThrow(
      expect.objectContaining({ code: 'bad_field' }),
    );
  });

  it('OWNED with the largest entry fits a frame', () => {
    const message: Message = {
      kind: 'owned',
      origin: new Uint8Array(32),
      epoch: Number.MAX_SAFE_INTEGER,
      version: Number.MAX_SAFE_INTEGER,
      from: Number.MAX_SAFE_INTEGER,
      ageMs: ownedAgeMsMax,
      entry: new Uint8Array(ownedEntryBytesMax),
      signature: new Uint8Array(64),
      more: true,
    };
    expect(plain(encodeAndDecode(message))).toEqual(plain(message));
    const entry = new Uint8Array(ownedEntryBytesMax + 1);
    expect(() => encodeAndDecode({ ...message, entry })).toThrow();
    expect(() => encodeAndDecode({ ...message, ageMs: ownedAgeMsMax + 1 })).toThrow(
      expect.objectContaining({ code: 'bad_field' }),
    );
  });

  it('answer mutated valid frames with messages or a WireError, nothing else, and hold no more than came', () => {
    const frames = fc.array(arbitraryMessage, { minLength: 1, maxLength: 3 }).map(encodeAll);
    fc.assert(
      fc.property(frames, frames, fc.uint8Array({ minLength: 1, maxLength: 24 }), (valid, other, recipe) => {
        const mutated = mutate(valid, other, recipe);
        const reader = new FrameReader();
        reader.push(mutated);
        expect(reader.bufferedBytes).toBe(mutated.length);
        try {
          for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
            const message = decodeMessage(frame);
            if (message === undefined) continue;
            expect(heldBytes(message)).toBeLessThanOrEqual(frame.body.length + 64);
            expect(plain(decodeMessage(onlyFrame(encodeMessage(message))))).toEqual(plain(message));
          }
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: runsOf(process.env, 3000) },
    );
  });

  it.each([
    ['hello', 1],
    ['hello', 3],
    ['challenge', 1],
    ['challenge', 3],
  ] as const)('%s of major version %i is version_unsupported, whatever else is in it', (kind, number) => {
    const body = encodeBody({ major: number, what: 'was something else then' });
    expect(() => decodeMessage({ type: messageTypes[kind], body })).toThrow(
      expect.objectContaining({
        code: 'version_unsupported',
        message: expect.stringMatching(/version 2.*update the older one/),
      }),
    );
  });

  it('refuse text that is not UTF-8: two names that are signed alike would be two names', () => {
    const hello = (label: string) => `81a56c6162656c${label}`;
    // a3 three bytes: a lone surrogate; a2 two bytes: an overlong slash; a1 one byte: the beginning of a character
    for (const label of ['a3eda080', 'a2c0af', 'a1c3']) {
      expect(() =>
        decodeMessage({ type: messageTypes.welcome, body: Buffer.from(hello(label), 'hex') }),
      ).toThrow(expect.objectContaining({ code: 'bad_body' }));
    }
  });

  it('of an unknown type are undefined (a newer minor version)', () => {
    expect(decodeMessage(onlyFrame(encodeRawFrame(200, Uint8Array.of(0x80))))).toBeUndefined();
  });

  it('ignore unknown fields (a newer minor version)', () => {
    // 82: number 5 and "new": true
    const body = Buffer.from('82a66e756d62657205a36e6577c3', 'hex');
    expect(decodeMessage({ type: messageTypes.ping, body })).toEqual({ kind: 'ping', number: 5 });
  });

  it('with a text that is too long are cut, whole characters only, so that the peer can read them', () => {
    for (const [letter, kept] of [
      ['x', 1024],
      ['\u00e9', 512],
      ['\u{1f600}', 256],
    ] as const) {
      const frame = onlyFrame(
        encodeMessage({ kind: 'goodbye', code: 'name_taken', text: letter.repeat(3000) }),
      );
      expect(decodeMessage(frame)).toEqual({
        kind: 'goodbye',
        code: 'name_taken',
        text: letter.repeat(kept),
      });
    }
  });

  it.each([
    ['a missing field', '80'],
    ['a negative number', '81a66e756d626572ff'],
    ['a fraction', '81a66e756d626572cb3ff8000000000000'],
    ['text for a number', '81a66e756d626572a135'],
  ])('refuse %s', (_what, hex) => {
    expect(() => decodeMessage({ type: messageTypes.ping, body: Buffer.from(hex, 'hex') })).toThrow(
      expect.objectContaining({ code: 'bad_field' }),
    );
  });

  it('a piece of a filter does not end behind the filter', () => {
    const filter = { kind: 'filter', keyId: new Uint8Array(8), offset: 5, total: 9 } as const;
    expect(encodeAndDecode({ ...filter, part: new Uint8Array(4) })).toMatchObject({ offset: 5, total: 9 });
    expect(() => encodeAndDecode({ ...filter, part: new Uint8Array(5) })).toThrow(
      expect.objectContaining({ code: 'bad_field' }),
    );
  });

  it('codes have unique numbers, and unknown numbers are protocol_error', () => {
    const numbers = Object.values(wireCodes).map((entry) => entry.number);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const [key, entry] of Object.entries(wireCodes)) expect(codeFromNumber(entry.number)).toBe(key);
    expect(codeFromNumber(9999)).toBe('protocol_error');
  });
});
