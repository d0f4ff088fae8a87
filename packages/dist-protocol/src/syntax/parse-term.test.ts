import { runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyTerm } from '../../test/arbitrary-terms.js';
import { withoutUnwritten } from '../../test/written-terms.js';
import {
  atom,
  BitString,
  binary,
  charlist,
  ExportFun,
  encodeTerm,
  Float,
  formatTerm,
  ImproperList,
  NativeRecord,
  type ParseOptions,
  Pid,
  Port,
  parseTerm,
  Reference,
  type Term,
  TermMap,
  TermSyntaxError,
  type TermSyntaxErrorCode,
  termEquals,
  tuple,
} from '../index.js';

const node = atom('a@host');
const options: ParseOptions = { node, creation: 7 };

describe('parseTerm', () => {
  const cases: readonly (readonly [string, Term])[] = [
    ['0', 0],
    [' -12 ', -12],
    ['- 12', -12],
    ['+3', 3],
    ['1_000_000', 1_000_000],
    ['16#ff', 255],
    ['-16#FF', -255],
    ['2#1010', 10],
    ['36#zz', 1295],
    ['36#ZZ', 1295],
    ['10#99', 99],
    ['3#2101', 64],
    [
      '7#654321065432106543210',
      BigInt(Number.parseInt('654321065', 7)) * 7n ** 12n + BigInt(Number.parseInt('432106543210', 7)),
    ],
    ['9007199254740992', 2n ** 53n],
    ['1.5', new Float(1.5)],
    ['-0.0', new Float(-0)],
    ['1.0e3', new Float(1000)],
    ['1.0E-3', new Float(0.001)],
    ['1.0e+300', new Float(1e300)],
    ['1_0.0_1', new Float(10.01)],
    ['5.0e-324', new Float(5e-324)],
    ['$a', 97],
    ['$\\n', 10],
    ['$\\s', 32],
    ['$ ', 32],
    ['$λ', 955],
    ['$😀', 128_512],
    ['-$a', -97],
    ['$\\x{1F600}', 128_512],
    ['$\\^A', 1],
    ['$\\101', 65],
    ['ok', atom('ok')],
    ['a@host', atom('a@host')],
    ['ähnlich', atom('ähnlich')],
    ["'Hello World'", atom('Hello World')],
    ["'it\\'s'", atom("it's")],
    ["''", atom('')],
    ["'λ'", atom('λ')],
    ['maybe', atom('maybe')],
    ["'end'", atom('end')],
    ['"abc"', charlist('abc')],
    ['"abc" "def"', charlist('abcdef')],
    ['"a\\"b\\\\c\\x41\\x{3bb}"', charlist('a"b\\cAλ')],
    ['""', []],
    ['[]', []],
    ['[1,2]', [1, 2]],
    ['[1|2]', new ImproperList([1], 2)],
    ['[1,2|[3,4]]', [1, 2, 3, 4]],
    ['[1|[2|3]]', new ImproperList([1, 2], 3)],
    ['{}', tuple()],
    ['{ok, 1}', tuple(atom('ok'), 1)],
    ['{a}.', tuple(atom('a'))],
    ['1.', 1],
    ['% first\n{a, % the tag\n b}  % the end', tuple(atom('a'), atom('b'))],
    ['#{}', new TermMap()],
    [
      '#{a => 1, [1|2] => #{}}',
      new TermMap([
        [atom('a'), 1],
        [new ImproperList([1], 2), new TermMap()],
      ]),
    ],
    ['<<>>', binary('')],
    ['<<1,2,3>>', Uint8Array.of(1, 2, 3)],
    ['<<"abc">>', binary('abc')],
    ['<<"λ"/utf8>>', binary('λ')],
    ['<<"λ">>', Uint8Array.of(0xbb)],
    ['<<"a" "b", $c, 100>>', binary('abcd')],
    ['<<955/utf8>>', binary('λ')],
    ['<<5:3>>', new BitString(Uint8Array.of(0xa0), 3)],
    ['<<255,5:3>>', new BitString(Uint8Array.of(255, 0xa0), 3)],
    ['<<1:1,255:8,1:1>>', new BitString(Uint8Array.of(0xff, 0xc0), 2)],
    ['<<258:16>>', Uint8Array.of(1, 2)],
    ['<<258:16/little>>', Uint8Array.of(2, 1)],
    ['<<2748:12/little>>', new BitString(Uint8Array.of(0xbc, 0xa0), 4)],
    ['<<2748:12>>', new BitString(Uint8Array.of(0xab, 0xc0), 4)],
    ['<<-1>>', Uint8Array.of(255)],
    ['<<300>>', Uint8Array.of(44)],
    ['<<"ab":16>>', Uint8Array.of(0, 97, 0, 98)],
    ['<<1.5>>', Uint8Array.of(0x3f, 0xf8, 0, 0, 0, 0, 0, 0)],
    ['<<1.5:32/float-little>>', Uint8Array.of(0, 0, 0xc0, 0x3f)],
    ['<<1/float>>', Uint8Array.of(0x3f, 0xf0, 0, 0, 0, 0, 0, 0)],
    ['<<0:0>>', binary('')],
    ['<0.90.1>', new Pid({ node, id: 90, serial: 1, creation: 7 })],
    ['#Pid<b@host.90.1>', new Pid({ node: atom('b@host'), id: 90, serial: 1, creation: 7 })],
    ["#Pid<'b@10.0.0.1'.90.1>", new Pid({ node: atom('b@10.0.0.1'), id: 90, serial: 1, creation: 7 })],
    ['#Port<0.6>', new Port({ node, id: 6n, creation: 7 })],
    ['#Ref<0.3.2.1>', new Reference({ node, words: [1, 2, 3], creation: 7 })],
    ['fun m:f/1', new ExportFun(atom('m'), atom('f'), 1)],
    ["fun 'M':'*' / 255", new ExportFun(atom('M'), atom('*'), 255)],
    [
      '#m:r{x = 1, y = [a]}',
      new NativeRecord({
        module: atom('m'),
        name: atom('r'),
        flags: 0,
        fields: [
          [atom('x'), 1],
          [atom('y'), [atom('a')]],
        ],
      }),
    ],
    ['#m:r{}', new NativeRecord({ module: atom('m'), name: atom('r'), flags: 0, fields: [] })],
    [
      `{ok, #{a => <<"x">>, 1.5 => [1|2]}, <0.1.2>, #Ref<0.1.2.3>, fun m:f/1, $a, 16#ff, "str", 'quoted atom', <<5:3>>}`,
      tuple(
        atom('ok'),
        new TermMap([
          [atom('a'), binary('x')],
          [new Float(1.5), new ImproperList([1], 2)],
        ]),
        new Pid({ node, id: 1, serial: 2, creation: 7 }),
        new Reference({ node, words: [3, 2, 1], creation: 7 }),
        new ExportFun(atom('m'), atom('f'), 1),
        97,
        255,
        charlist('str'),
        atom('quoted atom'),
        new BitString(Uint8Array.of(0xa0), 3),
      ),
    ],
  ];
  it.each(cases)('reads %s', (text, expected) => {
    const term = parseTerm(text, options);
    expect(termEquals(term, expected), formatTerm(term)).toBe(true);
  });

  it('reads what formatTerm writes, whatever the term', () => {
    fc.assert(
      fc.property(anyTerm.map(withoutUnwritten), (term) => {
        const text = formatTerm(term, { charactersMax: Number.POSITIVE_INFINITY });
        expect(termEquals(parseTerm(text, { creation: 7 }), term), text).toBe(true);
      }),
      { numRuns: runsOf(process.env, 2_000) },
    );
  });

  it('reads what formatTerm writes of large terms', () => {
    let deep: Term = atom('end');
    for (let level = 0; level < 900; level++) deep = [deep];
    for (const term of [
      charlist('a\n"'.repeat(100_000)),
      binary('"\\'.repeat(50_000)),
      new Uint8Array(20_000),
      3n ** 100_000n,
      deep,
    ]) {
      const text = formatTerm(term, { charactersMax: Number.POSITIVE_INFINITY });
      expect(termEquals(parseTerm(text, { depthMax: 1_000 }), term)).toBe(true);
    }
  });
});

describe('what is no term', () => {
  const cases: readonly (readonly [string, TermSyntaxErrorCode, number])[] = [
    ['', 'unexpected', 0],
    ['  % nothing', 'unexpected', 11],
    ['{a', 'unexpected', 2],
    ['{a,}', 'unexpected', 3],
    ['{a b}', 'unexpected', 3],
    ['[a|b,c]', 'unexpected', 4],
    ['[|a]', 'unexpected', 1],
    ['#{a := 1}', 'unexpected', 4],
    ['#{a}', 'unexpected', 3],
    ['a b', 'unexpected', 2],
    ['a..', 'unexpected', 2],
    [')', 'unexpected', 0],
    ['1 + 2', 'unexpected', 2],
    ['--1', 'unexpected', 1],
    ['end', 'unexpected', 0],
    ['fun m:f', 'unexpected', 7],
    ['fun(X) -> X end', 'unexpected', 3],
    ['<<1', 'unexpected', 3],
    ['<<a>>', 'unexpected', 2],
    ['<0.1>', 'unexpected', 4],
    ['#Ref<0.1.2.3.4.5.6>', 'unexpected', 18],
    ['"abc', 'unterminated', 0],
    ["{'abc", 'unterminated', 1],
    ['"abc\\', 'unterminated', 4],
    ['Variable', 'no_value', 0],
    ['_', 'no_value', 0],
    ['#Fun<erl_eval.42.3316493>', 'no_value', 0],
    ['<9000.1.2>', 'no_value', 1],
    ['#point{x = 1}', 'unsupported', 0],
    ['~"abc"', 'unsupported', 0],
    ['"""\nabc\n"""', 'unsupported', 0],
    ['<<1/binary>>', 'unsupported', 4],
    ['<<1.5:17/float>>', 'unsupported', 14],
    ['2#102', 'invalid_number', 0],
    ['10#ff', 'invalid_number', 0],
    ['35#Z', 'invalid_number', 0],
    ['37#1', 'invalid_number', 0],
    ['1#0', 'invalid_number', 0],
    ['1.0e999', 'invalid_number', 0],
    ['"\\x{110000}"', 'invalid_character', 1],
    ['"\\x{d800}"', 'invalid_character', 1],
    ['"\\xq"', 'invalid_character', 1],
    ['[1,"\ud800"]', 'invalid_character', 4],
    [`{'${'a'.repeat(256)}'}`, 'invalid_term', 1],
    ['{#{1 => a, 1 => b}}', 'invalid_term', 1],
    ['fun m:f/256', 'invalid_term', 0],
    ['#Pid<a@host.4294967296.0>', 'invalid_term', 0],
    ['<<0:134217729>>', 'too_large', 13],
    [`1${'0'.repeat(1_300_000)}`, 'too_large', 0],
    ['['.repeat(600), 'too_deep', 513],
    ['#{'.repeat(600), 'too_deep', 1026],
  ];
  it.each(cases)('%#: %.20s is %s at %i', (text, code, offset) => {
    const error = errorOf(() => parseTerm(text, options));
    expect([error.code, error.offset], error.message).toEqual([code, offset]);
  });

  it('is told with line, column and cause', () => {
    const error = errorOf(() => parseTerm(`{a,\n  '${'b'.repeat(256)}'}`));
    expect(error).toMatchObject({ line: 2, column: 3, offset: 6, cause: { code: 'invalid_atom' } });
    expect(error.message).toMatch(/\(line 2, column 3\)$/);
    expect(errorOf(() => parseTerm('<0.1.2>'))).toMatchObject({ code: 'no_value', offset: 1 });
    expect(errorOf(() => parseTerm('a', { charactersMax: 0 })).code).toBe('too_large');
    expect(errorOf(() => parseTerm('[[a]]', { depthMax: 1 })).code).toBe('too_deep');
  });

  it('is found in mutated texts too: a term that prints and parses as itself, or a TermSyntaxError', () => {
    const texts = fc.oneof(
      anyTerm.map((term) => formatTerm(withoutUnwritten(term), { charactersMax: 2_000 })),
      fc.constantFrom(...parseable),
    );
    const changes = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...fragments)), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(texts, changes, (text, edits) => {
        let mutated = text;
        for (const [position, fragment] of edits) {
          const at = position % (mutated.length + 1);
          mutated = mutated.slice(0, at) + fragment + mutated.slice(at + (position % 3));
        }
        let term: Term;
        try {
          term = parseTerm(mutated, { creation: 7, node, binaryBytesMax: 10_000 });
        } catch (thrown) {
          if (!(thrown instanceof TermSyntaxError)) throw thrown;
          expect(thrown.offset).toBeLessThanOrEqual(mutated.length);
          return;
        }
        const again = formatTerm(term, { charactersMax: Number.POSITIVE_INFINITY });
        expect(termEquals(parseTerm(again, { creation: 7 }), term), mutated).toBe(true);
        encodeTerm(term);
      }),
      { numRuns: runsOf(process.env, 3_000) },
    );
  });

  it('costs no more than its length: long runs of everything end at once', () => {
    for (const [text, code] of [
      ['% \n'.repeat(300_000), 'unexpected'],
      [`"${'\\x{61}'.repeat(100_000)}`, 'unterminated'],
      [`{${'a,'.repeat(200_000)}`, 'unexpected'],
      [`[${'[],'.repeat(200_000)}`, 'unexpected'],
      [`<<${'1,'.repeat(200_000)}`, 'unexpected'],
      [`${'-'.repeat(300_000)}1`, 'unexpected'],
      [`"${'a" "'.repeat(100_000)}`, 'unterminated'],
    ] as const)
      expect(errorOf(() => parseTerm(text)).code).toBe(code);
  });
});

const parseable = [
  '{ok,#{a => <<"x">>}}',
  '[1|2]',
  '<<5:3>>',
  '<<1:16/little,"λ"/utf8>>',
  'fun m:f/1',
  "'a b'",
  '#Ref<0.1.2>',
  '<0.1.2>',
  '"abc" "d"',
  '16#ff',
  '-1.5e-7',
  '$\\x{41}',
  '#m:r{x = 1}',
];
const fragments = [
  ...'{}[]()<>|,.:;/#$\'"\\~%-+_ \n019aAeExλ😀',
  '=>',
  '<<',
  '>>',
  '#{',
  '16#',
  '/utf8',
  ':8',
  '\ud800',
  'fun ',
  '#Ref<',
  '\\x{',
];

function errorOf(run: () => unknown): TermSyntaxError {
  try {
    run();
  } catch (error) {
    if (error instanceof TermSyntaxError) return error;
    throw error;
  }
  throw new Error('no error');
}
