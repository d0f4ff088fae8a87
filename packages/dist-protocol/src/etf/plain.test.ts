import { runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyTerm } from '../../test/arbitrary-terms.js';
import {
  atom,
  atomMap,
  BitString,
  binary,
  decodeTerm,
  EtfError,
  ExportFun,
  encodeTerm,
  Float,
  type FromPlainOptions,
  fromPlain,
  ImproperList,
  Pid,
  type Plain,
  type Term,
  TermMap,
  type ToPlainOptions,
  termEquals,
  toPlain,
  tuple,
} from '../index.js';

const pid = new Pid({ node: atom('a@host'), id: 1, serial: 2, creation: 3 });

describe('fromPlain', () => {
  it.each<[string, Plain, Term, FromPlainOptions?]>([
    ['null', null, atom('undefined')],
    ['null for Elixir', null, atom('nil'), { null: 'nil' }],
    ['null as JSON has it', null, atom('null'), { null: 'null' }],
    ['true', true, atom('true')],
    ['false', false, atom('false')],
    ['an integer', -7, -7],
    ['-0', -0, 0],
    ['the largest safe integer', 2 ** 53 - 1, 2 ** 53 - 1],
    ['a number beyond it', 2 ** 53, new Float(2 ** 53)],
    ['a fraction', 1.5, new Float(1.5)],
    ['a bigint', 2n ** 70n, 2n ** 70n],
    ['a small bigint', 5n, 5],
    ['text', 'hä', binary('hä')],
    ['bytes', Uint8Array.of(0, 255), Uint8Array.of(0, 255)],
    ['a Buffer', Buffer.from('x'), binary('x')],
    ['an array', [1, 'a', [null]], [1, binary('a'), [atom('undefined')]]],
    [
      'an object',
      { a: 1, b: 'x' },
      new TermMap([
        [binary('a'), 1],
        [binary('b'), binary('x')],
      ]),
    ],
    ['an object with atoms', { a: { b: 1 } }, atomMap({ a: atomMap({ b: 1 }) }), { keys: 'atom' }],
    [
      'an object with a kind',
      { kind: 'atom', name: 'x' },
      new TermMap([
        [binary('kind'), binary('atom')],
        [binary('name'), binary('x')],
      ]),
    ],
    [
      'an object without a prototype',
      Object.assign(Object.create(null), { a: 1 }) as Plain,
      new TermMap([[binary('a'), 1]]),
    ],
    ['an undefined property', { a: undefined, b: 1 }, new TermMap([[binary('b'), 1]])],
    [
      'a Map',
      new Map<Plain, Plain>([
        ['a', 1],
        [2, 'b'],
        [[1], null],
      ]),
      new TermMap([
        [binary('a'), 1],
        [2, binary('b')],
        [[1], atom('undefined')],
      ]),
    ],
    [
      'terms among it',
      [pid, tuple(1), { at: atom('x') }],
      [pid, tuple(1), new TermMap([[binary('at'), atom('x')]])],
    ],
  ])('%s', (_, value, expected, options) => {
    expect(termEquals(fromPlain(value, options), expected)).toBe(true);
  });

  it.each<[string, unknown, string, RegExp]>([
    ['undefined', undefined, 'invalid_term', /^no term for undefined$/],
    ['undefined in an array', [1, undefined], 'invalid_term', /at \[1\]/],
    ['a hole in an array', { list: new Array(1) }, 'invalid_term', /at \.list\[0\]/],
    ['NaN', { a: [{ b: Number.NaN }] }, 'invalid_term', /NaN at \.a\[0\]\.b/],
    ['infinity', -Infinity, 'invalid_term', /-Infinity/],
    ['a function', { f: () => 1 }, 'invalid_term', /function at \.f/],
    ['a symbol', Symbol('x'), 'invalid_term', /symbol/],
    ['a Date', [new Date(0)], 'invalid_term', /class Date at \[0\]/],
    ['a Set', new Set([1]), 'invalid_term', /class Set/],
    ['a lone surrogate', ['\ud800'], 'invalid_term', /surrogate pair at \[0\]/],
    ['a lone surrogate in a key', { '\ud800': 1 }, 'invalid_term', /surrogate/],
    [
      'keys that become one',
      new Map<unknown, unknown>([
        [1, 0],
        [1n, 0],
      ]),
      'duplicate_key',
      /twice/,
    ],
  ])('refuses %s', (_, value, code, message) => {
    expectError(() => fromPlain(value as Plain), code, message);
  });

  it('refuses what can be no atom, and what holds itself', () => {
    expectError(() => fromPlain({ ['x'.repeat(256)]: 1 }, { keys: 'atom' }), 'invalid_atom', /255/);
    const ring: unknown[] = [];
    ring.push(ring);
    expectError(() => fromPlain(ring as Plain), 'too_deep', /1000/);
  });
});

describe('toPlain', () => {
  const mixed = new TermMap([[tuple(1), atom('a')]]);
  it.each<[string, Term, unknown, ToPlainOptions?]>([
    ['an integer', 7, 7],
    ['a bignum', 2n ** 70n, 2n ** 70n],
    ['a float', new Float(1), 1],
    ['true', atom('true'), true],
    ['undefined', atom('undefined'), null],
    ['nil', atom('nil'), 'nil'],
    ['nil for Elixir', [atom('nil'), atom('undefined')], [null, 'undefined'], { null: 'nil' }],
    ['an atom', atom('ok'), 'ok'],
    ['an atom that is kept', [atom('ok'), atom('true')], [atom('ok'), true], { atoms: 'keep' }],
    ['text', binary('hä'), 'hä'],
    ['bytes', binary('x'), Uint8Array.of(120), { binaries: 'bytes' }],
    ['either', [binary('x'), Uint8Array.of(255)], ['x', Uint8Array.of(255)], { binaries: 'either' }],
    ['a list', [1, [2]], [1, [2]]],
    ['a tuple', tuple(atom('ok'), [1]), ['ok', [1]]],
    ['a tuple that is kept', [tuple(1)], [tuple(1)], { tuples: 'keep' }],
    [
      'a map',
      new TermMap([
        [atom('a'), 1],
        [binary('b'), 2],
        [3, [mixed.size]],
      ]),
      { a: 1, b: 2, 3: [1] },
    ],
    ['a Map', mixed, new Map([[[1], 'a']]), { maps: 'map' }],
    ['a pid that is kept', [pid], [pid], { others: 'keep' }],
  ])('%s', (_, term, expected, options) => {
    expect(toPlain(term, options)).toEqual(expected);
  });

  it.each<[string, Term, string, RegExp]>([
    ['a pid', atomMap({ who: [pid] }), 'invalid_term', /pid at \.who\[0\]/],
    ['a fun', new ExportFun(atom('m'), atom('f'), 1), 'invalid_term', /export_fun/],
    ['an improper list', new ImproperList([1], 2), 'invalid_term', /improper_list/],
    ['a bit string', new BitString(Uint8Array.of(128), 1), 'invalid_term', /bit_string/],
    ['bytes that are no text', [Uint8Array.of(255)], 'invalid_term', /UTF-8 at \[0\]/],
    ['a key that is a tuple', mixed, 'invalid_term', /key/],
    [
      'two keys of one name',
      new TermMap([
        [atom('a'), 1],
        [binary('a'), 2],
      ]),
      'duplicate_key',
      /a as text/,
    ],
  ])('refuses %s', (_, term, code, message) => {
    expectError(() => toPlain(term), code, message);
  });

  it('makes no prototype of a key', () => {
    const plain = toPlain(atomMap({ ['__proto__']: atomMap({ polluted: 1 }) })) as object;
    expect(Object.keys(plain)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(plain)).toBe(Object.prototype);
  });

  it('gives JSON back as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom<('binary' | 'atom')[]>('binary', 'atom'), (value, keys) => {
        const term = decodeTerm(encodeTerm(fromPlain(value as Plain, { keys })));
        expect(JSON.stringify(toPlain(term))).toBe(JSON.stringify(value));
      }),
      { numRuns: runsOf(process.env, 1_000) },
    );
  });

  it('gives a plain value or an EtfError for any term, and with everything kept always a value that is a term again', () => {
    fc.assert(
      fc.property(anyTerm, (term) => {
        const codeOf = (options?: ToPlainOptions): string => {
          try {
            fromPlain(toPlain(term, options));
          } catch (error) {
            if (!(error instanceof EtfError)) throw error;
            return error.code;
          }
          return 'no error';
        };
        codeOf();
        const kept = {
          atoms: 'keep',
          tuples: 'keep',
          others: 'keep',
          maps: 'map',
          binaries: 'bytes',
        } as const;
        // 1 and 1.0 are one number.
        expect(codeOf(kept)).toMatch(/^(no error|duplicate_key)$/);
      }),
      { numRuns: runsOf(process.env, 500) },
    );
  });
});

function expectError(run: () => unknown, code: string, message: RegExp): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof EtfError)) throw error;
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    return;
  }
  throw new Error('no error');
}
