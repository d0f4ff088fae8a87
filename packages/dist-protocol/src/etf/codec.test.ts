import { runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyTerm } from '../../test/arbitrary-terms.js';
import {
  Atom,
  atom,
  binary,
  decodeTerm,
  decodeTermAt,
  EtfError,
  type EtfErrorCode,
  encodeTerm,
  Float,
  formatTerm,
  type Term,
  termEquals,
  tuple,
} from '../index.js';

describe('every term', () => {
  it('survives encoding and decoding', () => {
    fc.assert(
      fc.property(anyTerm, (term) => {
        const bytes = encodeTerm(term);
        const decoded = decodeTerm(bytes);
        expect(termEquals(decoded, term)).toBe(true);
        expect(Buffer.from(encodeTerm(decoded))).toEqual(Buffer.from(bytes));
      }),
      { numRuns: runsOf(process.env, 1_000) },
    );
  });

  it('has one encoding, whether an integer is a number or a bigint', () => {
    // 107 STRING_EXT, as term_to_binary([0, 255]) has it
    for (const list of [
      [0, 255],
      [0n, 255n],
      [0n, 255],
    ]) {
      expect([...encodeTerm(list)]).toEqual([131, 107, 0, 2, 0, 255]);
    }
  });

  it('is as long as it claims: every cut is truncated, every addition trails', () => {
    fc.assert(
      fc.property(anyTerm, fc.nat(), (term, position) => {
        const bytes = encodeTerm(term);
        expect(codeOf(() => decodeTerm(bytes.subarray(0, position % bytes.length)))).toBe('truncated');
        expect(codeOf(() => decodeTerm(Uint8Array.of(...bytes, 0)))).toBe('trailing_bytes');
        expect(decodeTermAt(Uint8Array.of(1, 2, ...bytes, 9), 2).endOffset).toBe(bytes.length + 2);
      }),
    );
  });

  it('can be printed', () => {
    fc.assert(fc.property(anyTerm, (term) => typeof formatTerm(term) === 'string'));
  });
});

describe('hostile bytes', () => {
  it('give a term or an EtfError, whatever was changed in a valid term', () => {
    const change = fc.record({ at: fc.nat(), value: fc.nat({ max: 255 }) });
    fc.assert(
      fc.property(anyTerm, fc.array(change, { minLength: 1, maxLength: 4 }), (term, changes) => {
        const bytes = encodeTerm(term);
        for (const { at, value } of changes) bytes[1 + (at % (bytes.length - 1))] = value;
        expectTermOrEtfError(bytes);
      }),
      { numRuns: runsOf(process.env, 3_000) },
    );
  });

  it('give a term or an EtfError when they are random', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) =>
        expectTermOrEtfError(Uint8Array.of(131, ...bytes)),
      ),
      { numRuns: runsOf(process.env, 3_000) },
    );
  });

  const cases: readonly (readonly [string, EtfErrorCode, readonly number[]])[] = [
    ['nothing at all', 'truncated', []],
    ['another version', 'bad_version', [130, 97, 1]],
    ['a distribution header', 'unknown_tag', [131, 68, 0]],
    ['an atom cache reference', 'unknown_tag', [131, 82, 0]],
    ['a list that claims 4 Gi elements', 'truncated', [131, 108, 255, 255, 255, 255, 106]],
    ['a tuple that claims 4 Gi elements', 'truncated', [131, 105, 255, 255, 255, 255]],
    ['a map that claims 4 Gi pairs', 'truncated', [131, 116, 255, 255, 255, 255]],
    ['a binary that claims 4 GiB', 'truncated', [131, 109, 255, 255, 255, 255, 1]],
    [
      'a native record that claims 4 Gi fields',
      'truncated',
      [131, 67, 255, 255, 255, 255, 0, 119, 0, 119, 0],
    ],
    ['a bignum that claims 4 GiB', 'integer_too_large', [131, 111, 255, 255, 255, 255, 0]],
    ['an infinite float', 'invalid_float', [131, 70, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0]],
    ['a NaN', 'invalid_float', [131, 70, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]],
    ['a float of text that is none', 'invalid_float', [131, 99, ...Array<number>(31).fill(0x20)]],
    ['nine bits in a byte', 'invalid_bits', [131, 77, 0, 0, 0, 1, 9, 1]],
    ['no bits in a byte', 'invalid_bits', [131, 77, 0, 0, 0, 1, 0, 1]],
    ['bits without a byte', 'invalid_bits', [131, 77, 0, 0, 0, 0, 3]],
    [
      'a reference of six words',
      'invalid_reference',
      [131, 90, 0, 6, 119, 1, 97, ...Array<number>(28).fill(0)],
    ],
    ['a reference without words', 'invalid_reference', [131, 90, 0, 0, 119, 1, 97, 0, 0, 0, 0]],
    ['a pid whose node is a number', 'unknown_tag', [131, 88, 97, 1, ...Array<number>(12).fill(0)]],
    ['an atom of 256 characters', 'invalid_atom', [131, 118, 1, 0, ...Array<number>(256).fill(97)]],
    ['an atom of 65,535 bytes', 'invalid_atom', [131, 118, 255, 255, 97]],
    ['an atom that is not UTF-8', 'invalid_atom', [131, 119, 1, 0xff]],
    ['an atom with a surrogate in UTF-8', 'invalid_atom', [131, 119, 3, 0xed, 0xa0, 0x80]],
    ['a map with one key twice', 'duplicate_key', [131, 116, 0, 0, 0, 2, 97, 1, 97, 1, 97, 1, 97, 2]],
    ['a fun of three bytes', 'truncated', [131, 112, 0, 0, 0, 3, 0, 0]],
    ['a fun that ends behind its size', 'invalid_fun', funBytes({ size: 49 })],
    ['a fun that ends before its size', 'invalid_fun', [...funBytes({ size: 51 }), 0]],
    ['a fun that no pid has made', 'invalid_fun', funBytes({ size: 50, creatorTag: 97 })],
  ];
  it.each(cases)('%s: %s', (_, code, bytes) => {
    expect(codeOf(() => decodeTerm(Uint8Array.from(bytes)))).toBe(code);
  });

  it('that nest a million tuples end in too_deep, not in a stack overflow', () => {
    const bytes = new Uint8Array(2_000_001).fill(1);
    for (let at = 1; at < bytes.length; at += 2) bytes[at] = 104;
    bytes[0] = 131;
    expect(codeOf(() => decodeTerm(bytes))).toBe('too_deep');
    expect(codeOf(() => decodeTerm(bytes, { depthMax: Number.POSITIVE_INFINITY }))).toBe('too_deep');
  });

  it('that chain lists by their tails need no depth', () => {
    const links = 100_000;
    const bytes = new Uint8Array(1 + links * 7 + 1);
    bytes[0] = 131;
    for (let link = 0; link < links; link++) bytes.set([108, 0, 0, 0, 1, 97, 7], 1 + link * 7);
    bytes[bytes.length - 1] = 106;
    expect(decodeTerm(bytes)).toHaveLength(links);
  });

  it('that nest maps as keys of maps end in too_deep', () => {
    const open = Array<number[]>(20).fill([116, 0, 0, 0, 1]).flat();
    expect(codeOf(() => decodeTerm(Uint8Array.of(131, ...open)))).toBe('too_deep');
  });

  it('cannot exceed the number of elements', () => {
    const bytes = encodeTerm([[1, 2, 3], [tuple(1, 2)], []]);
    expect(decodeTerm(bytes, { elementsMax: 9 })).toHaveLength(3);
    expect(codeOf(() => decodeTerm(bytes, { elementsMax: 8 }))).toBe('too_many_elements');
  });
});

describe('values that are no term', () => {
  it.each([
    ['a fraction', 1.5],
    ['an unsafe integer', 2 ** 53],
    ['NaN', Number.NaN],
    ['a string', 'abc'],
    ['undefined', undefined],
    ['null', null],
    ['a boolean', true],
    ['a plain object', {}],
  ])('%s is refused', (_, value) => {
    expect(codeOf(() => encodeTerm(value as unknown as Term))).toBe('invalid_term');
  });

  it('nesting without end is refused', () => {
    let nested: Term = [];
    for (let level = 0; level < 100_000; level++) nested = tuple(nested);
    expect(codeOf(() => encodeTerm(nested))).toBe('too_deep');
    expect(codeOf(() => termEquals(nested, tuple(nested)))).toBe('too_deep');
    expect(formatTerm(nested)).toMatch(/…/);
  });
});

describe('aliasing', () => {
  it('a decoded binary is a view, an encoded term is not', () => {
    const source = Uint8Array.of(1, 2, 3);
    const bytes = encodeTerm(source);
    source[0] = 9;
    const decoded = decodeTerm(bytes) as Uint8Array;
    expect([...decoded]).toEqual([1, 2, 3]);
    expect(decoded.buffer).toBe(bytes.buffer);
  });

  it('works on a view into a larger buffer', () => {
    const bytes = encodeTerm(tuple(new Float(1.5), 70_000, binary('x')));
    const shifted = new Uint8Array(bytes.length + 13);
    shifted.set(bytes, 13);
    expect(formatTerm(decodeTerm(shifted.subarray(13)))).toBe('{1.5,70000,<<"x">>}');
  });
});

function expectTermOrEtfError(bytes: Uint8Array): void {
  try {
    const term = decodeTerm(bytes);
    expect(termEquals(decodeTerm(encodeTerm(term)), term)).toBe(true);
    formatTerm(term);
  } catch (error) {
    if (!(error instanceof EtfError)) throw error;
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

it('atoms are interned', () => {
  expect(atom('ok')).toBe(atom('ok'));
  expect(decodeTerm(encodeTerm(atom('ok')))).toBe(atom('ok'));
  expect(atom('ok')).toBeInstanceOf(Atom);
  expect(codeOf(() => atom('x'.repeat(256)))).toBe('invalid_atom');
  expect(codeOf(() => atom('\ud800'))).toBe('invalid_atom');
  expect(atom('😀'.repeat(255)).name).toHaveLength(510);
});

/** A fun of the module `m` that has taken in nothing: 50 bytes with its size. */
function funBytes({ size, creatorTag = 88 }: { size: number; creatorTag?: number }): number[] {
  const head = [131, 112, 0, 0, 0, size, 1, ...Array<number>(16).fill(7), 0, 0, 0, 1, 0, 0, 0, 0];
  const pid = [creatorTag, 119, 1, 110, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
  return [...head, 119, 1, 109, 97, 1, 97, 2, ...pid];
}

it('bytes that were given out stay as they are while others are made', () => {
  const terms = Array.from({ length: 3_000 }, (_, index) => tuple(index, binary('x'.repeat(index % 700))));
  const encoded = terms.map((term) => encodeTerm(term));
  const copies = encoded.map((bytes) => bytes.slice());
  expect(codeOf(() => encodeTerm([1, 2, 0.5 as Term]))).toBe('invalid_term');
  encodeTerm(terms);
  expect(encoded).toEqual(copies);
  expect(terms.every((term, index) => termEquals(decodeTerm(encoded[index]!), term))).toBe(true);
});

it.each([
  'pid',
  'port',
  'reference',
  'tuple',
  'map',
  'export_fun',
  'opaque_fun',
  'native_record',
  'bit_string',
])('refuses half a %s that a program made by hand, and says of what it is half', (kind) => {
  const encode = () => encodeTerm({ kind } as unknown as Term);
  expect(codeOf(encode)).toBe('invalid_term');
  expect(encode).toThrow(`no ${kind}`);
});
