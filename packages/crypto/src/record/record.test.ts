import { createDecipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeOf, hex, join, propertyRuns, unhex, utf8 } from '../../test/support.js';
import { CryptoError } from '../errors.js';
import type { RecordOptions } from './key-schedule.js';
import { recordOverheadBytes, recordPlaintextBytesMax } from './limits.js';
import { RecordOpener, RecordSealer } from './record.js';

const key = unhex('33'.repeat(32));

/** All records that come out, as hex; stops at the first error, which is returned as its code. */
function drain(
  opener: RecordOpener,
  chunks: readonly Uint8Array[],
): { readonly out: string[]; readonly code?: string } {
  const out: string[] = [];
  try {
    for (const chunk of chunks) {
      opener.push(Uint8Array.from(chunk));
      for (let record = opener.next(); record !== undefined; record = opener.next())
        out.push(hex(join(record)));
    }
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(CryptoError);
    return { out, code: (thrown as CryptoError).code };
  }
  return { out };
}

function sealAll(plaintexts: readonly Uint8Array[], options: Partial<RecordOptions> = {}): Uint8Array[] {
  const sealer = new RecordSealer({ key, ...options });
  return plaintexts.map((plaintext) => join(sealer.seal([plaintext])));
}

/** Cuts bytes at the given relative positions. */
function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let offset = 0, index = 0; offset < bytes.length; index++) {
    const size = sizes.length === 0 ? bytes.length : sizes[index % sizes.length]!;
    chunks.push(bytes.subarray(offset, offset + size));
    offset += size;
  }
  return chunks;
}

describe('format', () => {
  test('length | ciphertext | tag, header as associated data, big-endian counter nonce', () => {
    const sealer = new RecordSealer({ key });
    sealer.seal([utf8('zeroth')]);
    const record = join(sealer.seal([utf8('fir'), utf8('st')]));
    expect(hex(record.subarray(0, 4))).toBe('00000015'); // 5 + 16
    expect(record).toHaveLength(5 + recordOverheadBytes);
    const decipher = createDecipheriv('aes-256-gcm', key, unhex('000000000000000000000001'), {
      authTagLength: 16,
    });
    decipher.setAAD(record.subarray(0, 4));
    decipher.setAuthTag(record.subarray(9));
    const plaintext = decipher.update(record.subarray(4, 9));
    decipher.final();
    expect(plaintext.toString()).toBe('first');
  });

  test('a record made by another implementation, byte for byte', () => {
    // AES-256-GCM(key = 33…33, nonce = 0…0, aad = 00000013, "abc"), computed with Erlang's crypto:crypto_one_time_aead/6.
    expect(hex(sealAll([utf8('abc')])[0]!)).toBe('0000001338235270e89e3917cb0f0e37905363a5678e86');
  });

  test('the longest plaintext passes, one byte more is refused and changes nothing', () => {
    const sealer = new RecordSealer({ key });
    const longest = new Uint8Array(recordPlaintextBytesMax).fill(7);
    expect(codeOf(() => sealer.seal([longest, utf8('x')]))).toBe('bad_length');
    expect(sealer.recordCount).toBe(0);
    const { out } = drain(new RecordOpener({ key }), [join(sealer.seal([longest]))]);
    expect(out).toEqual([hex(longest)]);
    expect(recordPlaintextBytesMax).toBe(65600);
  });

  test('an empty plaintext is a record too', () => {
    const sealer = new RecordSealer({ key });
    const opener = new RecordOpener({ key });
    for (const parts of [[], [new Uint8Array(0)]]) opener.push(join(sealer.seal(parts)));
    expect(join(opener.next()!)).toHaveLength(0);
    expect(join(opener.next()!)).toHaveLength(0);
    expect(opener.next()).toBeUndefined();
  });
});

describe('round trip', () => {
  test('any plaintexts, any parts, any chunk boundaries, any rekey limits', () => {
    const plaintext = fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 4 });
    fc.assert(
      fc.property(
        fc.array(plaintext, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 6000 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5000 }),
        (plaintexts, sizes, rekeyEveryRecords, rekeyEveryBytes) => {
          const options = { key, rekeyEveryRecords, rekeyEveryBytes };
          const sealer = new RecordSealer(options);
          const opener = new RecordOpener(options);
          const stream = join(plaintexts.flatMap((parts) => sealer.seal(parts)));
          const { out, code } = drain(opener, cut(stream, sizes));
          expect(code).toBeUndefined();
          expect(out).toEqual(plaintexts.map((parts) => hex(join(parts))));
          expect(opener.rekeyCount).toBe(sealer.rekeyCount);
          expect(opener.recordCount).toBe(plaintexts.length);
          expect(opener.atBoundary).toBe(true);
        },
      ),
      propertyRuns,
    );
  });

  test('byte by byte', () => {
    const records = sealAll([utf8('one'), utf8(''), utf8('three')]);
    const { out } = drain(new RecordOpener({ key }), cut(join(records), [1]));
    expect(out).toEqual([utf8('one'), utf8(''), utf8('three')].map(hex));
  });

  test('parts are neither changed nor joined', () => {
    const part = new Uint8Array(20_000).fill(9);
    const sealed = new RecordSealer({ key }).seal([part, part]);
    expect(sealed.map((piece) => piece.length)).toEqual([4, 20_000, 20_000, 16]);
    expect(part.every((byte) => byte === 9)).toBe(true);
  });
});

describe('rekey', () => {
  test('both directions change keys by counting alone', () => {
    for (const limits of [{ rekeyEveryRecords: 3 }, { rekeyEveryBytes: 10 }]) {
      for (const direction of [unhex('01'.repeat(32)), unhex('02'.repeat(32))]) {
        const options = { key: direction, ...limits };
        const [sealer, opener] = [new RecordSealer(options), new RecordOpener(options)];
        for (let count = 0; count < 20; count++) {
          opener.push(join(sealer.seal([utf8(`number ${count}`)])));
          expect(Buffer.from(join(opener.next()!)).toString()).toBe(`number ${count}`);
        }
        expect(sealer.rekeyCount).toBeGreaterThanOrEqual(6);
        expect(opener.rekeyCount).toBe(sealer.rekeyCount);
      }
    }
  });

  test('limits that differ fail at the first record under another key', () => {
    const records = sealAll([utf8('a'), utf8('b'), utf8('c')], { rekeyEveryRecords: 2 });
    expect(drain(new RecordOpener({ key, rekeyEveryRecords: 3 }), records)).toEqual({
      out: [hex(utf8('a')), hex(utf8('b'))],
      code: 'decrypt_failed',
    });
  });
});

describe('attacks', () => {
  const plaintexts = [utf8('first record'), utf8('second'), utf8('third one')];
  const records = sealAll(plaintexts);
  const plain = plaintexts.map(hex);
  const attempt = (stream: readonly Uint8Array[]) => drain(new RecordOpener({ key }), stream);

  test('every single-bit flip of a record fails and delivers nothing of it', () => {
    const [first, second, third] = records;
    for (let bit = 0; bit < second!.length * 8; bit++) {
      const flipped = Uint8Array.from(second!);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      // Enough bytes follow that a longer claimed length does not just wait.
      const { out, code } = attempt([first!, flipped, third!, new Uint8Array(recordPlaintextBytesMax)]);
      expect(out).toEqual([plain[0]]);
      expect(code).toMatch(bit < 32 ? /^(bad_length|decrypt_failed)$/ : /^decrypt_failed$/);
    }
  });

  test('replay, reorder and removal fail at the first record that is not the expected one', () => {
    const [a, b, c] = records as [Uint8Array, Uint8Array, Uint8Array];
    expect(attempt([a, a])).toEqual({ out: [plain[0]], code: 'decrypt_failed' });
    expect(attempt([a, b, a])).toEqual({ out: [plain[0], plain[1]], code: 'decrypt_failed' });
    expect(attempt([b, a])).toEqual({ out: [], code: 'decrypt_failed' });
    expect(attempt([a, c])).toEqual({ out: [plain[0]], code: 'decrypt_failed' });
    expect(attempt([a, b, c])).toEqual({ out: plain });
  });

  test('records of another direction or path fail', () => {
    const foreign = sealAll(plaintexts, { key: unhex('34'.repeat(32)) });
    expect(attempt(foreign)).toEqual({ out: [], code: 'decrypt_failed' });
    expect(attempt([records[0]!, foreign[1]!])).toEqual({ out: [plain[0]], code: 'decrypt_failed' });
  });

  test('truncation at any byte delivers the whole records before it and nothing of the cut one', () => {
    const stream = join(records);
    const ends = [records[0]!.length, records[0]!.length + records[1]!.length, stream.length];
    for (let length = 0; length <= stream.length; length++) {
      const opener = new RecordOpener({ key });
      const { out, code } = drain(opener, [stream.subarray(0, length)]);
      const whole = ends.filter((end) => end <= length).length;
      expect(code).toBeUndefined();
      expect(out).toEqual(plain.slice(0, whole));
      expect(opener.atBoundary).toBe(length === 0 || ends.includes(length));
      expect(opener.bufferedBytes).toBe(length - (ends[whole - 1] ?? 0));
    }
  });

  test('a claimed length out of bounds is refused before its bytes come', () => {
    for (const claimed of [0, 15, recordPlaintextBytesMax + 17, 0xffff_ffff]) {
      const opener = new RecordOpener({ key });
      const header = Buffer.alloc(4);
      header.writeUInt32BE(claimed);
      opener.push(header);
      expect(codeOf(() => opener.next())).toBe('bad_length');
      expect(opener.bufferedBytes).toBe(0);
      expect(codeOf(() => opener.push(new Uint8Array(1)))).toBe('bad_length');
    }
  });

  test('after a failure valid records no longer come out', () => {
    const opener = new RecordOpener({ key });
    const flipped = Uint8Array.from(records[0]!);
    flipped[5]! ^= 1;
    expect(drain(opener, [flipped]).code).toBe('decrypt_failed');
    expect(drain(opener, [records[0]!])).toEqual({ out: [], code: 'decrypt_failed' });
    expect(codeOf(() => opener.next())).toBe('decrypt_failed');
    expect(opener.recordCount).toBe(0);
  });

  test('mutated streams never give anything but a prefix of the records or a CryptoError', () => {
    const stream = join(records);
    const mutation = fc.record({
      at: fc.nat(stream.length - 1),
      remove: fc.nat(20),
      insert: fc.uint8Array(),
    });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
        let mutated = Buffer.from(stream);
        for (const { at, remove, insert } of mutations) {
          const position = Math.min(at, mutated.length);
          mutated = Buffer.concat([
            mutated.subarray(0, position),
            insert,
            mutated.subarray(position + remove),
          ]);
        }
        const { out } = attempt([new Uint8Array(mutated)]);
        expect(plain.slice(0, out.length)).toEqual(out);
      }),
      propertyRuns,
    );
  });

  test('arbitrary bytes deliver nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        expect(attempt([bytes]).out).toEqual([]);
      }),
      propertyRuns,
    );
  });
});

test('wiped sealers and openers carry no further record', () => {
  const [sealer, opener] = [new RecordSealer({ key }), new RecordOpener({ key })];
  opener.push(join(sealer.seal([utf8('x')])));
  sealer.wipe();
  opener.wipe();
  expect(codeOf(() => sealer.seal([utf8('x')]))).toBe('nonce_exhausted');
  expect(codeOf(() => opener.next())).toBe('nonce_exhausted');
});

test('keys and limits are checked', () => {
  expect(codeOf(() => new RecordSealer({ key: key.subarray(1) }))).toBe('bad_key');
  expect(codeOf(() => new RecordOpener({ key: new Uint8Array(33) }))).toBe('bad_key');
  expect(codeOf(() => new RecordOpener({ key, rekeyEveryRecords: 0 }))).toBe('bad_option');
});
