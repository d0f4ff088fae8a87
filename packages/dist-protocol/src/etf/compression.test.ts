import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyTerm } from '../../test/arbitrary-terms.js';
import {
  atom,
  binary,
  charlist,
  decodeTerm,
  decodeTermAt,
  defaultDecodeLimits,
  EtfError,
  encodeTerm,
  type Term,
  termEquals,
  tuple,
} from '../index.js';

interface Vector {
  readonly name: string;
  readonly level: 1 | 6 | 9;
  readonly hex: string;
}
const vectors: { readonly compressed: Vector[] } = JSON.parse(
  readFileSync(new URL('../../vectors/etf.json', import.meta.url), 'utf8'),
);
const rows = Array.from({ length: 1_000 }, (_, index) =>
  tuple(atom('ok'), (index + 1) % 10, binary('some text')),
);
const expected: Readonly<Record<string, Term>> = {
  '2,000 a': binary('a'.repeat(2_000)),
  'a list of 1,000 small tuples, level 1': rows,
  'a list of 1,000 small tuples, level 9': rows,
  'a string of 3,000': Array.from({ length: 1_000 }, () => charlist('abc')),
  'fifteen bytes less six': binary('a'.repeat(15)),
};

describe('compressed terms that OTP made', () => {
  it.each(vectors.compressed)('$name: is read, and made again byte by byte', ({ name, level, hex }) => {
    const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
    expect(termEquals(decodeTerm(bytes), expected[name]!)).toBe(true);
    expect(Buffer.from(encodeTerm(expected[name]!, { compressed: level })).toString('hex')).toBe(hex);
  });
});

describe('compression', () => {
  it('gives every term back, and never makes one larger', () => {
    fc.assert(
      fc.property(anyTerm, fc.constantFrom(true, 1 as const, 9 as const), (term, compressed) => {
        const bytes = encodeTerm(term, { compressed });
        expect(termEquals(decodeTerm(bytes), term)).toBe(true);
        expect(bytes.length).toBeLessThanOrEqual(encodeTerm(term).length);
      }),
      { numRuns: runsOf(process.env, 300) },
    );
  });

  it('leaves small terms as they are', () => {
    expect(encodeTerm(atom('ok'), { compressed: true })).toEqual(encodeTerm(atom('ok')));
  });

  it('says where the term ended among other bytes', () => {
    const bytes = encodeTerm(rows, { compressed: true });
    const among = Uint8Array.of(1, 2, 3, ...bytes, 131, 97, 1);
    const { term, endOffset } = decodeTermAt(among, 3);
    expect(termEquals(term, rows)).toBe(true);
    expect(endOffset).toBe(3 + bytes.length);
    expect(codeOf(() => decodeTerm(Uint8Array.of(...bytes, 0)))).toBe('trailing_bytes');
  });
});

/** `131 80 size` and a zlib stream of `plain`. */
function compressed(plain: Uint8Array, size: number = plain.length): Uint8Array {
  const head = Buffer.alloc(6);
  head.set([131, 80]);
  head.writeUInt32BE(size, 2);
  return new Uint8Array(Buffer.concat([head, deflateSync(plain)]));
}

describe('hostile compressed terms', () => {
  const text = Uint8Array.of(109, 0, 0, 0x27, 0x10, ...new Uint8Array(10_000).fill(97));

  it('may hold as much as the limit and not a byte more, claimed or not', () => {
    const bytes = compressed(text);
    expect(decodeTerm(bytes, { uncompressedBytesMax: text.length })).toHaveLength(10_000);
    expect(codeOf(() => decodeTerm(bytes, { uncompressedBytesMax: text.length - 1 }))).toBe(
      'uncompressed_too_large',
    );
    expect(codeOf(() => decodeTerm(bytes, { uncompressedBytesMax: 0 }))).toBe('uncompressed_too_large');
  });

  it.each([-1, 1, -5_000, 5_000])('may not claim %i bytes more than they hold', (difference) => {
    expect(codeOf(() => decodeTerm(compressed(text, text.length + difference)))).toBe('invalid_compressed');
  });

  it('are an error or the same term when they are cut or changed anywhere', () => {
    const bytes = compressed(text);
    for (let length = 2; length < bytes.length; length++) {
      const code = codeOf(() => decodeTerm(bytes.subarray(0, length)));
      expect(code).toBe(length < 6 ? 'truncated' : 'invalid_compressed');
    }
    for (let at = 6; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at]! ^= 0x10;
      // Some bits of deflate mean nothing here: those that fill up its last byte, and how far back an a is to be found.
      const code = codeOf(() => expect(decodeTerm(changed)).toEqual(text.subarray(5)));
      expect(code).toMatch(/^(no error|invalid_compressed)$/);
      if (at >= bytes.length - 4) expect(code).toBe('invalid_compressed');
    }
  });

  it('are not taken at their word: memory is taken only for what the stream could fill', () => {
    const made: number[] = [];
    const counted = countAllocations(made, () =>
      codeOf(() => decodeTerm(Uint8Array.of(131, 80, 1, 0, 0, 0, 0x78, 0x9c, 3, 0, 0, 0, 0, 1))),
    );
    expect(counted).toBe('invalid_compressed');
    expect(Math.max(0, ...made)).toBeLessThan(16_384);
  });

  it('that would unpack to 64 MiB stop at what they have claimed', () => {
    const bomb = deflateSync(new Uint8Array(2 ** 26));
    const head = Uint8Array.of(131, 80, 1, 0, 0, 0);
    expect(new DataView(head.buffer).getUint32(2)).toBe(defaultDecodeLimits.uncompressedBytesMax);
    const made: number[] = [];
    const code = countAllocations(made, () =>
      codeOf(() => decodeTerm(new Uint8Array(Buffer.concat([head, bomb])))),
    );
    expect(code).toBe('invalid_compressed');
    const total = made.reduce((sum, bytes) => sum + bytes, 0);
    expect(total).toBeGreaterThanOrEqual(2 ** 24);
    expect(total).toBeLessThan(2 ** 24 + 2 ** 18);
  });

  it('do not hold another compressed term', () => {
    const inner = compressed(text);
    expect(codeOf(() => decodeTerm(compressed(inner.subarray(1))))).toBe('unknown_tag');
    expect(codeOf(() => decodeTerm(compressed(inner)))).toBe('unknown_tag');
  });

  it('hold one term and nothing behind it', () => {
    expect(codeOf(() => decodeTerm(compressed(Uint8Array.of(...text, 106))))).toBe('trailing_bytes');
    expect(codeOf(() => decodeTerm(compressed(text.subarray(0, 100))))).toBe('truncated');
  });
});

/** Runs with every `new Uint8Array(length)` counted. */
function countAllocations<Result>(made: number[], run: () => Result): Result {
  const original = globalThis.Uint8Array;
  globalThis.Uint8Array = new Proxy(original, {
    construct(target, parts, newTarget) {
      if (typeof parts[0] === 'number') made.push(parts[0]);
      return Reflect.construct(target, parts, newTarget);
    },
  });
  try {
    return run();
  } finally {
    globalThis.Uint8Array = original;
  }
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof EtfError) return error.code;
    throw error;
  }
  return 'no error';
}
