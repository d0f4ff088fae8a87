import { describe, expect, it } from 'vitest';
import {
  atom,
  binary,
  decodeTerm,
  EtfError,
  encodeTerm,
  Float,
  type Term,
  TermMap,
  termEquals,
  tuple,
} from '../index.js';

const sizes = [1, 2, 31, 32, 33, 500];
const kinds: Readonly<Record<string, (index: number) => Term>> = {
  atoms: (index) => atom(`k${index}`),
  integers: (index) => index * 7 - 20,
  bigints: (index) => 2n ** 64n + BigInt(index),
  binaries: (index) => binary(`key ${index}`),
  'long binaries': (index) => binary(`${'x'.repeat(80)}${index}`),
  floats: (index) => new Float(index / 2),
  tuples: (index) => tuple(index, atom('a')),
  'all kinds': (index) =>
    [atom(`${index}`), index, binary(`${index}`), new Float(index), tuple(index)][index % 5]!,
};

describe.each(Object.entries(kinds))('a map with keys that are %s', (_, keyOf) => {
  it.each(sizes)('of %i entries finds each by value, also after it went over the wire', (size) => {
    const map = new TermMap(Array.from({ length: size }, (_, index) => [keyOf(index), index] as const));
    const read = decodeTerm(encodeTerm(map)) as TermMap;
    expect(read.size).toBe(size);
    for (let index = 0; index < size; index++) {
      expect(map.get(keyOf(index))).toBe(index);
      expect(read.get(keyOf(index))).toBe(index);
    }
    expect(read.has(keyOf(size))).toBe(false);
    expect(read.get(keyOf(size))).toBeUndefined();
    expect([...read].map(([, value]) => value)).toEqual(Array.from({ length: size }, (_, index) => index));
    expect(termEquals(map, read)).toBe(true);
  });

  it.each(sizes)('of %i entries and one of them twice is refused', (size) => {
    const entries = Array.from({ length: size }, (_, index) => [keyOf(index), 0] as const);
    for (const twice of [0, size >> 1, size - 1])
      expect(codeOf(() => new TermMap([...entries, [keyOf(twice), 1]]))).toBe('duplicate_key');
  });
});

it('1, 1n and -0 are no keys of their own', () => {
  expect(
    codeOf(
      () =>
        new TermMap([
          [1, 0],
          [1n, 0],
        ]),
    ),
  ).toBe('duplicate_key');
  expect(
    codeOf(
      () =>
        new TermMap([
          [0, 0],
          [-0, 0],
        ]),
    ),
  ).toBe('duplicate_key');
  const map = new TermMap([[1, atom('one')]]);
  expect([map.get(1n), map.get(new Float(1)), map.get(atom('1'))]).toEqual([
    atom('one'),
    undefined,
    undefined,
  ]);
  expect(
    new TermMap([
      [new Float(0), 0],
      [new Float(-0), 1],
    ]).get(new Float(-0)),
  ).toBe(1);
});

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof EtfError) return error.code;
    throw error;
  }
  return 'no error';
}

it('what is no term is no key, and equal to nothing', () => {
  const invalid = expect.objectContaining({ code: 'invalid_term' });
  for (const noTerm of ['text', undefined, null, {}, true] as unknown as Term[]) {
    expect(() => new TermMap([[noTerm, 1]])).toThrow(invalid);
    expect(() => new TermMap([[1, 1]]).has([noTerm])).toThrow(invalid);
    expect(() => termEquals(noTerm, 1)).toThrow(invalid);
  }
});
