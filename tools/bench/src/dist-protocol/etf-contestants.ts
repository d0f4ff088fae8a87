import { createRequire } from 'node:module';
import {
  decodeTerm,
  encodeTerm,
  isAtom,
  isBinary,
  isKind,
  isMap,
  isTuple,
  type Term,
  textOf,
} from '@macula/dist-protocol';
import type { Erlpack } from './etf-erlpack.js';
import type { EtfMixName } from './etf-mixes.js';

/** A package that reads or writes External Term Format. */
export interface EtfContestant {
  readonly name: string;
  readonly isNative: boolean;
  /** The term in the form that the package encodes. Throws where it has none. */
  readonly formOf: (term: Term) => unknown;
  readonly encode: (form: unknown) => Uint8Array;
  /** What the package reads: bytes, or a text with a character for each. */
  readonly inputOf: (bytes: Uint8Array) => unknown;
  readonly decode: (input: unknown) => unknown;
  /** Mixes that are not even tried, since the package says on standard output that it can't read them. */
  readonly unread?: readonly EtfMixName[];
}

/** What takes part, this project first, and the reasons of what can't. @param erlpack the native package, or why it is not there */
export function etfContestants(erlpack: Erlpack | string): {
  contestants: EtfContestant[];
  missing: string[];
} {
  const contestants: EtfContestant[] = [macula];
  const missing: string[] = [];
  if (typeof erlpack === 'string') missing.push(`erlpack (native): ${erlpack}`);
  else {
    const { pack, unpack } = erlpack;
    contestants.push(
      plain({ name: 'erlpack', isNative: true, encode: pack, decode: unpack, unread: ['calls'] }),
    );
  }
  contestants.push(
    plain({ name: 'etf.js', isNative: false, encode: etfJs.pack, decode: etfJs.unpack }),
    plain({ name: '@typescord/ftee', isNative: false, encode: ftee.encode, decode: ftee.decode }),
    erlangJs,
    erlangPackage,
    bertElixir,
  );
  return { contestants, missing };
}

/** The product's own forms: the same term comes out that went in. */
const macula: EtfContestant = {
  name: 'macula',
  isNative: false,
  formOf: (term) => term,
  encode: (form) => encodeTerm(form as Term),
  inputOf: (bytes) => bytes,
  decode: (input) => decodeTerm(input as Uint8Array),
};

/**
 * Packages whose terms are plain JavaScript: binaries are read as text, which costs them time that this project does not spend, and
 * tuples as arrays and atoms as text, so that what was read can't be told apart or sent back. They write text as binaries, for which
 * they make UTF-8 where this project copies bytes, and have no form for tuples and for atoms other than `true`, `false` and `nil`.
 * etf.js writes the bytes of floats in the wrong order, so it has no form for those either.
 */
function plain(parts: {
  name: string;
  isNative: boolean;
  encode: (value: unknown) => Uint8Array;
  decode: (bytes: Buffer) => unknown;
  unread?: readonly EtfMixName[];
}): EtfContestant {
  return { ...parts, formOf: plainOf, inputOf: asBuffer, decode: (input) => parts.decode(input as Buffer) };
}

function plainOf(term: Term): unknown {
  if (typeof term === 'number') return term;
  if (isBinary(term)) return textOf(term);
  if (isKind(term, 'float')) return fraction(term.value);
  if (isAtom(term, 'nil')) return null;
  if (isAtom(term, 'true') || isAtom(term, 'false')) return term.name === 'true';
  if (Array.isArray(term)) return (term as readonly Term[]).map(plainOf);
  if (isMap(term))
    return Object.fromEntries(Array.from(term, ([key, value]) => [textKey(key), plainOf(value)]));
  throw new Error('no plain form');
}

function textKey(key: Term): string {
  if (!isBinary(key)) throw new Error('no plain form of this key');
  return textOf(key)!;
}

/** A whole number would be written as an integer. */
function fraction(value: number): number {
  if (Number.isInteger(value)) throw new Error('no form for whole floats');
  return value;
}

const require = createRequire(import.meta.url);
const etfJs = require('etf.js') as {
  pack: (value: unknown) => Uint8Array;
  unpack: (bytes: Buffer) => unknown;
};
const ftee = require('@typescord/ftee') as {
  encode: (value: unknown) => Uint8Array;
  decode: (bytes: Buffer) => unknown;
};

type Done = (error: unknown, result: unknown) => void;
type Constructor = new (...parts: unknown[]) => object;
const { Erlang } = require('erlang_js') as {
  Erlang: {
    term_to_binary: (term: unknown, done: Done) => void;
    binary_to_term: (bytes: Buffer, done: Done) => void;
    OtpErlangAtom: Constructor;
    OtpErlangBinary: Constructor;
    OtpErlangList: Constructor;
    OtpErlangMap: Constructor;
    OtpErlangPid: Constructor;
    OtpErlangReference: Constructor;
  };
};

/** Has every term, with the numbers of pids and references as bytes that are only copied. Calls back, but at once. */
const erlangJs: EtfContestant = {
  name: 'erlang_js',
  isNative: false,
  formOf: erlangJsOf,
  encode: (form) => called((done) => Erlang.term_to_binary(form, done)) as Uint8Array,
  inputOf: asBuffer,
  decode: (input) => called((done) => Erlang.binary_to_term(input as Buffer, done)),
};

function called(call: (done: Done) => void): unknown {
  let result: unknown;
  call((error, value) => {
    if (error) throw error;
    result = value;
  });
  return result;
}

function erlangJsOf(term: Term): unknown {
  if (typeof term === 'number') return term;
  if (isBinary(term)) return new Erlang.OtpErlangBinary(asBuffer(term));
  if (isKind(term, 'float')) return fraction(term.value);
  if (isAtom(term)) return new Erlang.OtpErlangAtom(term.name);
  if (isTuple(term)) return term.elements.map(erlangJsOf);
  if (Array.isArray(term)) return new Erlang.OtpErlangList((term as readonly Term[]).map(erlangJsOf));
  if (isMap(term))
    return new Erlang.OtpErlangMap(
      new Map(Array.from(term, ([key, value]) => [erlangJsOf(key), erlangJsOf(value)])),
    );
  if (isKind(term, 'pid')) {
    const numbers = [term.id, term.serial, term.creation].map((number) => words([number]));
    return new Erlang.OtpErlangPid(erlangJsOf(term.node), ...numbers);
  }
  if (isKind(term, 'reference'))
    return new Erlang.OtpErlangReference(erlangJsOf(term.node), words(term.words), words([term.creation]));
  throw new Error('no form');
}

function words(numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4);
  for (const [index, number] of numbers.entries()) bytes.writeUInt32BE(number, index * 4);
  return bytes;
}

const erlang = require('erlang') as {
  term_to_binary: (term: unknown) => Uint8Array;
  binary_to_term: (bytes: Buffer) => unknown;
};

/** Has no floats, maps, pids or references. */
const erlangPackage: EtfContestant = {
  name: 'erlang',
  isNative: false,
  formOf: taggedOf,
  encode: erlang.term_to_binary,
  inputOf: asBuffer,
  decode: (input) => erlang.binary_to_term(input as Buffer),
};

function taggedOf(term: Term): unknown {
  if (typeof term === 'number') return term;
  if (isBinary(term)) return asBuffer(term);
  if (isAtom(term)) return { a: term.name };
  if (isTuple(term)) return { t: term.elements.map(taggedOf) };
  if (Array.isArray(term)) return (term as readonly Term[]).map(taggedOf);
  throw new Error('no form');
}

const bert = require('bert-elixir') as {
  atom: (name: string) => unknown;
  tuple: (...elements: unknown[]) => unknown;
  encode: (value: unknown) => string;
  decode: (text: string) => unknown;
};

/**
 * Reads and writes text with a character for each byte. Only with the bytes made of it the text is more than a tree of pieces, so that
 * is counted; the text that it reads is there already. Floats only in their old form, maps only with atoms for keys.
 */
const bertElixir: EtfContestant = {
  name: 'bert-elixir',
  isNative: false,
  formOf: bertOf,
  encode: (form) => Buffer.from(bert.encode(form), 'latin1'),
  inputOf: (bytes) => asBuffer(bytes).toString('latin1'),
  decode: (input) => bert.decode(input as string),
};

function bertOf(term: Term): unknown {
  if (typeof term === 'number') return term;
  if (isBinary(term)) return asBuffer(term).toString('latin1');
  if (isAtom(term)) return bert.atom(term.name);
  if (isTuple(term)) return bert.tuple(...term.elements.map(bertOf));
  if (Array.isArray(term)) return (term as readonly Term[]).map(bertOf);
  throw new Error('no form');
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
