import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  atom,
  atomMap,
  BitString,
  binary,
  charlist,
  decodeTerm,
  ExportFun,
  encodeTerm,
  Float,
  formatTerm,
  ImproperList,
  isKind,
  NativeRecord,
  OpaqueFun,
  Pid,
  Port,
  Reference,
  type Term,
  TermMap,
  termEquals,
  tuple,
} from '../index.js';

interface Vector {
  readonly name: string;
  readonly erlang: string;
  readonly hex: string;
}
const vectors: {
  readonly canonical: Vector[];
  readonly legacy: Vector[];
  readonly fun: Vector;
  readonly nativeRecord: Vector;
} = JSON.parse(readFileSync(new URL('../../vectors/etf.json', import.meta.url), 'utf8'));

const node = atom('a@host');
const creation = 0x625a0007;

/** What each vector means, by its name. */
const expected: Readonly<Record<string, Term>> = {
  zero: 0,
  'byte max': 255,
  'first two-byte integer': 256,
  'minus one': -1,
  'int32 max': 2147483647,
  'int32 min': -2147483648,
  'int32 max + 1': 2147483648,
  'int32 min - 1': -2147483649,
  '2^53-1': 2 ** 53 - 1,
  '2^53': 2n ** 53n,
  '-2^53': -(2n ** 53n),
  '2^64': 2n ** 64n,
  'big of 255 bytes': 2n ** 2040n - 1n,
  'large big': 2n ** 2048n,
  'negative large big': -(2n ** 2048n),
  '1.0': new Float(1),
  '-0.0': new Float(-0),
  '0.1': new Float(0.1),
  'smallest denormal': new Float(5e-324),
  'largest float': new Float(Number.MAX_VALUE),
  ok: atom('ok'),
  'empty atom': atom(''),
  'latin1 atom': atom('äöü'),
  'greek atom': atom('λογος'),
  '255 greek characters': atom('λ'.repeat(255)),
  '255 a': atom('a'.repeat(255)),
  'empty tuple': tuple(),
  pair: tuple(atom('ok'), 1),
  'tuple of 256': tuple(...Array<Term>(256).fill(atom('a'))),
  nil: [],
  string: charlist('abc'),
  'list of integers beyond a byte': [1, 256],
  'nested list': [[], [atom('a')], [[1]]],
  improper: new ImproperList([atom('a')], atom('b')),
  'improper string': new ImproperList([1, 2], 3),
  'empty binary': binary(''),
  binary: Uint8Array.of(1, 2, 3),
  'three bits': new BitString(Uint8Array.of(5 << 5), 3),
  'eleven bits': new BitString(Uint8Array.of(255, 5 << 5), 3),
  'empty map': atomMap({}),
  map: atomMap({ a: 1 }),
  'map with compound keys': new TermMap([[tuple(1, 2), binary('x')]]),
  'map of 40': new TermMap(Array.from({ length: 40 }, (_, index) => [index + 1, index + 1] as const)),
  'local pid': new Pid({ node: atom('nonode@nohost'), id: 90, serial: 0, creation: 0 }),
  'remote pid': new Pid({ node, id: 90, serial: 1, creation }),
  'remote port, 28 bits': new Port({ node, id: 0x0fffffffn, creation }),
  'remote port, 64 bits': new Port({ node, id: 0x1_00000002n, creation }),
  'remote reference': new Reference({ node, words: [1, 2, 3], creation }),
  'remote alias of five words': new Reference({ node, words: [1, 2, 3, 4, 5], creation }),
  'external fun': new ExportFun(atom('erlang'), atom('node'), 1),
  'ATOM_EXT as OTP 25 sends it': atom('ok'),
  'ATOM_EXT in latin1': atom('äöü'),
  FLOAT_EXT: new Float(0.1),
  SMALL_ATOM_EXT: atom('ok'),
  'ATOM_UTF8_EXT of a short atom': atom('ok'),
  PID_EXT: new Pid({ node, id: 90, serial: 1, creation: 3 }),
  PORT_EXT: new Port({ node, id: 5n, creation: 3 }),
  REFERENCE_EXT: new Reference({ node, words: [5], creation: 3 }),
  NEW_REFERENCE_EXT: new Reference({ node, words: [1, 2, 3], creation: 3 }),
  'LARGE_TUPLE_EXT of a pair': tuple(atom('ok'), 1),
  'SMALL_BIG_EXT of 1': 1,
  'SMALL_BIG_EXT with leading zeros': -1,
  'LIST_EXT whose tail is a list': [1, atom('a'), 2, 3],
  'LIST_EXT without elements': atom('ok'),
  'BIT_BINARY_EXT with eight bits': Uint8Array.of(1),
};

describe('bytes that OTP made', () => {
  it.each([...vectors.canonical, ...vectors.legacy])('decodes $name: $erlang', ({ name, hex }) => {
    const term = decodeTerm(bytesOf(hex));
    const wanted = expected[name];
    if (wanted === undefined) throw new Error(`no expectation for ${name}`);
    expect(termEquals(term, wanted), formatTerm(term)).toBe(true);
    expect(typeof term).toBe(typeof wanted);
  });

  it.each(vectors.canonical)('encodes $name to the same bytes', ({ name, hex }) => {
    if (name === 'map of 40') return expectSameMap(hex);
    expect(hexOf(encodeTerm(expected[name] as Term))).toBe(hex);
  });

  it('keeps a fun as it is', () => {
    const term = decodeTerm(bytesOf(vectors.fun.hex));
    expect(term).toBeInstanceOf(OpaqueFun);
    expect((term as OpaqueFun).arity).toBe(1);
    expect(hexOf(encodeTerm(term))).toBe(vectors.fun.hex);
  });

  it('reads and writes a native record of OTP 29', () => {
    const term = decodeTerm(bytesOf(vectors.nativeRecord.hex));
    if (!isKind(term, 'native_record')) throw new Error(formatTerm(term));
    expect(term).toBeInstanceOf(NativeRecord);
    expect([term.module, term.name, term.flags]).toEqual([atom('nr'), atom('pt'), 0]);
    expect([term.field('x'), term.field('y'), term.field('z')]).toEqual([1, 2, undefined]);
    expect(hexOf(encodeTerm(term))).toBe(vectors.nativeRecord.hex);
    expect(formatTerm(term)).toBe('#nr:pt{x = 1,y = 2}');
  });

  it('turns from STRING to LIST behind 65,535 bytes, as OTP does', () => {
    expect(hexOf(encodeTerm(Array(65_535).fill(7))).slice(0, 10)).toBe('836bffff07');
    expect(hexOf(encodeTerm(Array(65_536).fill(7))).slice(0, 16)).toBe('836c000100006107');
  });
});

/** OTP orders large maps by hash; encoding the decoded map keeps that order, so the bytes are equal even so. */
function expectSameMap(hex: string): void {
  expect(hexOf(encodeTerm(decodeTerm(bytesOf(hex))))).toBe(hex);
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
