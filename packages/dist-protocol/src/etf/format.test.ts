import { describe, expect, it } from 'vitest';
import {
  atom,
  atomMap,
  BitString,
  binary,
  booleanOf,
  charlist,
  ExportFun,
  Float,
  formatTerm,
  ImproperList,
  isAtom,
  isTagged,
  mapGet,
  Pid,
  Reference,
  type Term,
  TermMap,
  termEquals,
  textOf,
  tuple,
} from '../index.js';

describe('formatTerm', () => {
  const node = atom('a@host');
  it.each<[Term, string]>([
    [1, '1'],
    [-(2n ** 70n), '-1180591620717411303424'],
    [new Float(1), '1.0'],
    [new Float(1e300), '1.0e+300'],
    [new Float(-0), '-0.0'],
    [atom('ok'), 'ok'],
    [atom('a@host'), 'a@host'],
    [atom('Ok'), "'Ok'"],
    [atom('end'), "'end'"],
    [atom(''), "''"],
    [atom("it's\n"), "'it\\'s\\n'"],
    [binary('a"b'), '<<"a\\"b">>'],
    [Uint8Array.of(0, 1), '<<0,1>>'],
    [binary(''), '<<>>'],
    [new BitString(Uint8Array.of(255, 0xa0), 3), '<<255,5:3>>'],
    [charlist('abc'), '"abc"'],
    [[], '[]'],
    [[1, [atom('a')]], '[1,[a]]'],
    [new ImproperList([1], 2), '[1|2]'],
    [tuple(atom('ok'), []), '{ok,[]}'],
    [atomMap({ a: 1, b: new Float(2.5) }), '#{a => 1,b => 2.5}'],
    [new Pid({ node, id: 90, serial: 1, creation: 7 }), '#Pid<a@host.90.1>'],
    [new Reference({ node, words: [1, 2, 3], creation: 7 }), '#Ref<a@host.3.2.1>'],
    [new ExportFun(atom('lists'), atom('map'), 2), 'fun lists:map/2'],
  ])('%#: %s', (term, text) => {
    expect(formatTerm(term)).toBe(text);
  });

  it('ends a long text', () => {
    expect(formatTerm(Array(100_000).fill(atom('abc')), { charactersMax: 11 })).toBe('[abc,abc,ab…');
  });

  it('does not compute the digits of a huge integer', () => {
    expect(formatTerm(1n << 4_000_000n)).toMatch(/^16#10+…$/);
  });
});

describe('accessors', () => {
  it('find what is asked for', () => {
    const options = atomMap({ realm: binary('io.macula'), name: atom('x'), on: atom('true') });
    expect(textOf(mapGet(options, 'realm'))).toBe('io.macula');
    expect(textOf(mapGet(options, 'name'))).toBe('x');
    expect(booleanOf(mapGet(options, 'on'))).toBe(true);
    expect(booleanOf(mapGet(options, 'realm'))).toBeUndefined();
    expect(mapGet(options, 'missing')).toBeUndefined();
    expect(mapGet([], 'realm')).toBeUndefined();
    expect(textOf(Uint8Array.of(255))).toBeUndefined();
    expect(textOf([104, 228])).toBe('hä');
    expect(textOf([atom('a')])).toBeUndefined();
    expect(isAtom(atom('a'), 'b')).toBe(false);
    expect(isTagged(tuple(atom('ok'), 1), 'ok', 2)).toBe(true);
    expect(isTagged(tuple(atom('ok'), 1), 'ok', 3)).toBe(false);
  });

  it('find the value of a compound key by value', () => {
    const map = new TermMap([[tuple(1, binary('k')), 5]]);
    expect(map.get(tuple(1, binary('k')))).toBe(5);
    expect(map.has(tuple(1, [107]))).toBe(false);
  });
});

describe('termEquals', () => {
  it('is =:=', () => {
    expect(termEquals(1, 1n)).toBe(true);
    expect(termEquals(1, new Float(1))).toBe(false);
    expect(termEquals(new Float(0), new Float(-0))).toBe(false);
    expect(termEquals(tuple(1, 2), [1, 2])).toBe(false);
    expect(termEquals([[1], []], [[], [1]])).toBe(false);
    expect(termEquals(atomMap({ a: 1, b: 2 }), atomMap({ b: 2, a: 1 }))).toBe(true);
    expect(termEquals(binary('a1:b'), binary('a1:c'))).toBe(false);
  });

  it('ignores the unused bits of a bit string', () => {
    expect(termEquals(new BitString(Uint8Array.of(0xa0), 3), new BitString(Uint8Array.of(0xbf), 3))).toBe(
      true,
    );
  });
});
