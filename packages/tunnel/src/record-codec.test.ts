import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from './bytes.js';
import { TunnelError } from './errors.js';
import { decodeRecord, encodeRecord, endRecord, type TunnelRecord } from './record-codec.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const offset = fc.maxSafeNat();
const codeOf = (pieces: Uint8Array[]): string | undefined => {
  try {
    decodeRecord(pieces);
    return undefined;
  } catch (thrown) {
    return thrown instanceof TunnelError ? thrown.code : String(thrown);
  }
};

const relay = fc.string({ unit: fc.constantFrom('a', '/', '~', '!'), minLength: 1, maxLength: 512 });

const record: fc.Arbitrary<TunnelRecord> = fc.oneof(
  fc.record({
    kind: fc.constant('data' as const),
    start: offset,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 3000 }).map((bytes) => [bytes]),
  }),
  fc.record({ kind: fc.constant('ack' as const), received: offset, edge: offset }),
  fc.record({ kind: fc.constant('fin' as const), offset }),
  fc.record({ kind: fc.constantFrom('ping' as const, 'pong' as const), number: offset }),
  fc.record({
    kind: fc.constant('ready' as const),
    ticktimeSeconds: fc.nat(65_535),
    edge: offset,
    windowMs: fc.nat(0xffff_ffff),
  }),
  fc.record({ kind: fc.constant('attach' as const), received: offset, edge: offset }),
  fc.record({ kind: fc.constant('relays' as const), relays: fc.array(relay, { maxLength: 8 }) }),
  fc.record({
    kind: fc.constantFrom('end' as const, 'gone' as const),
    code: fc.nat(65_535),
    text: fc.string({ unit: 'grapheme-ascii', maxLength: 1024 }),
  }),
);

describe('record codec', () => {
  it('has exactly the documented bytes', () => {
    const vectors: readonly (readonly [TunnelRecord, string])[] = [
      [{ kind: 'data', start: 0x1_0000_0002, bytes: [Uint8Array.of(0xaa)] }, '01 0000000100000002 aa'],
      [{ kind: 'ack', received: 3, edge: 0x10_0003 }, '02 0000000000000003 0000000000100003'],
      [{ kind: 'fin', offset: 2 ** 53 - 1 }, '03 001fffffffffffff'],
      [endRecord('beam_closed', 'bye'), '04 0026 627965'],
      [{ kind: 'ping', number: 1 }, '05 0000000000000001'],
      [{ kind: 'pong', number: 1 }, '06 0000000000000001'],
      [
        { kind: 'ready', ticktimeSeconds: 120, edge: 65_536, windowMs: 30_000 },
        '07 0078 0000000000010000 00007530',
      ],
      [{ kind: 'attach', received: 3, edge: 0x10_0003 }, '08 0000000000000003 0000000000100003'],
      [{ kind: 'gone', code: 264, text: 'bye' }, '09 0108 627965'],
      [{ kind: 'relays', relays: ['ab', 'c'] }, '0a 02 0002 6162 0001 63'],
      [{ kind: 'relays', relays: [] }, '0a 00'],
    ];
    for (const [value, bytes] of vectors) {
      expect(hex(concatBytes(encodeRecord(value)))).toBe(bytes.replaceAll(' ', ''));
      expect(decodeRecord([fromHex(bytes)])).toEqual(value);
    }
  });

  it('round-trips, however the plaintext is cut', () => {
    fc.assert(
      fc.property(record, fc.integer({ min: 1, max: 20 }), (value, size) => {
        const bytes = concatBytes(encodeRecord(value));
        const pieces: Uint8Array[] = [];
        for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
        const decoded = decodeRecord(pieces);
        if (decoded.kind !== 'data') expect(decoded).toEqual(value);
        else expect(concatBytes(encodeRecord(decoded))).toEqual(bytes);
      }),
    );
  });

  it('refuses unknown types', () => {
    for (const type of [0, 11, 255]) expect(codeOf([Uint8Array.of(type, 0, 0)])).toBe('bad_type');
  });

  it('refuses wrong lengths and offsets above 2^53 - 1', () => {
    expect(codeOf([])).toBe('bad_length');
    expect(codeOf([new Uint8Array(0)])).toBe('bad_length');
    expect(codeOf([concatBytes([Uint8Array.of(5), new Uint8Array(5000)])])).toBe('bad_length');
    expect(codeOf([fromHex('01 0000000000000000')])).toBe('bad_record');
    expect(codeOf([concatBytes([Uint8Array.of(1), new Uint8Array(8 + 65_537)])])).toBe('bad_record');
    expect(codeOf([fromHex('02 0000000000000003')])).toBe('bad_record');
    expect(codeOf([fromHex('03 0000000000000003 00')])).toBe('bad_record');
    expect(codeOf([fromHex('04 00')])).toBe('bad_record');
    expect(codeOf([fromHex('07 0078')])).toBe('bad_record');
    expect(codeOf([fromHex('08 0000000000000003')])).toBe('bad_record');
    expect(codeOf([fromHex('09 00')])).toBe('bad_record');
    expect(codeOf([fromHex('08 0020000000000000 0020000000000000')])).toBe('offset_violation');
    expect(codeOf([fromHex('03 0020000000000000')])).toBe('offset_violation');
  });

  it('ignores what a newer version appends to READY, and takes one without a window', () => {
    const known = { ticktimeSeconds: 120, edge: 65_536 };
    expect(decodeRecord([fromHex('07 0078 0000000000010000')])).toMatchObject({ ...known, windowMs: 0 });
    expect(decodeRecord([fromHex('07 0078 0000000000010000 00000001 ff')])).toMatchObject({
      ...known,
      windowMs: 1,
    });
  });

  it('refuses lists of relays that are cut off, too long, or not printable', () => {
    const bad = ['0a', '0a 09', '0a 01', '0a 01 0002 61', '0a 01 0000', '0a 01 0001 20', '0a 01 0001 61 00'];
    for (const bytes of bad) expect([bytes, codeOf([fromHex(bytes)])]).toEqual([bytes, 'bad_record']);
    const long = [Uint8Array.of(10, 1, 2, 1), new Uint8Array(513).fill(0x61)];
    expect(codeOf([concatBytes(long)])).toBe('bad_record');
  });

  it('cuts an END text that is too long', () => {
    expect(concatBytes(encodeRecord(endRecord('ok', 'x'.repeat(5000)))).length).toBe(3 + 1024);
  });

  it('never lets anything but a TunnelError out of mutated records', () => {
    fc.assert(
      fc.property(record, fc.nat(), fc.nat(255), fc.nat(40), (value, at, byte, cut) => {
        const bytes = concatBytes(encodeRecord(value));
        bytes[at % bytes.length] = byte;
        const code = codeOf([bytes.subarray(0, Math.max(0, bytes.length - cut))]);
        expect([undefined, 'bad_type', 'bad_record', 'bad_length', 'offset_violation']).toContain(code);
      }),
    );
  });
});
