import { Atom, atom } from '../etf/atom.js';
import { EtfError } from '../etf/errors.js';
import { reservedWords } from '../etf/format.js';
import { Pid, Port, Reference } from '../etf/identifiers.js';
import { defaultDecodeLimits, depthCeiling } from '../etf/limits.js';
import { ExportFun, NativeRecord } from '../etf/opaque.js';
import { Float, ImproperList, type Term, Tuple } from '../etf/term.js';
import { TermMap } from '../etf/term-map.js';
import { parseBits } from './bits.js';
import { Scanner } from './scanner.js';

/** Options of {@link parseTerm}. */
export interface ParseOptions {
  /**
   * The node of pids, ports and references that are written with a 0 for the node they were printed on, as `<0.90.1>` and
   * `#Ref<0.1.2.3>`. Default none: such a text is then an error.
   */
  readonly node?: Atom | string;
  /** The creation of pids, ports and references, which no text says. 32 bits, default 0. */
  readonly creation?: number;
  /** Levels of nesting. Default 512, at most 1,000. */
  readonly depthMax?: number;
  /** UTF-16 code units of the text. Default 16,777,216. */
  readonly charactersMax?: number;
  /** Bytes of one binary: a size makes many of a short text. Default 16,777,216. */
  readonly binaryBytesMax?: number;
}

/**
 * The term that a text in Erlang syntax stands for, as `erl_parse:parse_term/1` has it, with or without a full stop at the end:
 * `parseTerm('{ok,#{a => <<"x">>,[1|2] => $a}}')`. What `formatTerm` writes with `charactersMax: Infinity` is read as the same term,
 * but for what no text says: the creation of pids, ports and references, the flags of native records, and funs other than `fun m:f/1`.
 *
 * Beyond `erl_parse` it reads pids, ports and references, both as Erlang prints them (`<0.90.1>`, `#Port<0.5>`, `#Ref<0.1.2.3>`) and with
 * their node (`#Pid<a@host.90.1>`), and the native records of OTP 29 (`#m:r{x = 1}`). A key that a map names twice is an error.
 *
 * @throws {TermSyntaxError} with a code and the position
 */
export function parseTerm(text: string, options: ParseOptions = {}): Term {
  return new Parser(text, options).parse();
}

class Parser {
  readonly #scanner: Scanner;
  readonly #depthMax: number;
  readonly #binaryBytesMax: number;
  readonly #node: Atom | undefined;
  readonly #creation: number;

  constructor(text: string, options: ParseOptions) {
    this.#scanner = new Scanner(text);
    this.#depthMax = Math.min(options.depthMax ?? defaultDecodeLimits.depthMax, depthCeiling);
    this.#binaryBytesMax = options.binaryBytesMax ?? 16_777_216;
    this.#creation = options.creation ?? 0;
    if (text.length > (options.charactersMax ?? 16_777_216))
      throw this.#scanner.error('too_large', `a text of ${text.length} characters`);
    const lone = loneSurrogate.exec(text);
    if (lone !== null) throw this.#scanner.error('invalid_character', 'half of a surrogate pair', lone.index);
    const { node } = options;
    this.#node = node === undefined || node instanceof Atom ? node : this.#made(0, () => atom(node));
  }

  parse(): Term {
    const term = this.#term(0);
    this.#scanner.accept('.');
    if (this.#scanner.next() !== '') throw this.#scanner.unexpected('the end');
    return term;
  }

  #term(depth: number): Term {
    const scanner = this.#scanner;
    const first = scanner.next();
    const start = scanner.at;
    if (depth > this.#depthMax) throw scanner.error('too_deep', `nested deeper than ${this.#depthMax}`);
    switch (first) {
      case '{':
        scanner.at += 1;
        return new Tuple(this.#terms('}', depth));
      case '[':
        return this.#list(depth);
      case '"':
        return Array.from(scanner.string(), (character) => character.codePointAt(0) ?? 0);
      case '<':
        return this.#angle();
      case '#':
        return this.#hash(depth);
      case '$':
        return scanner.character();
      case '-':
      case '+':
        scanner.at += 1;
        return this.#signed(first === '-');
    }
    if (digit.test(first)) return this.#number(false);
    const name = scanner.atomName();
    if (name !== undefined) return this.#word(name, first === "'", start);
    if (variable.test(first)) throw scanner.error('no_value', 'a variable has no value here');
    if (first === '~') throw scanner.error('unsupported', 'a sigil');
    throw scanner.unexpected('a term');
  }

  /** Up to and with `close`; none, or separated by commas. */
  #terms(close: string, depth: number): Term[] {
    const scanner = this.#scanner;
    const terms: Term[] = [];
    if (scanner.accept(close)) return terms;
    do terms.push(this.#term(depth + 1));
    while (scanner.accept(','));
    scanner.expect(close);
    return terms;
  }

  #list(depth: number): Term {
    const scanner = this.#scanner;
    scanner.at += 1;
    const elements: Term[] = [];
    if (scanner.accept(']')) return elements;
    do elements.push(this.#term(depth + 1));
    while (scanner.accept(','));
    if (!scanner.accept('|')) {
      scanner.expect(']');
      return elements;
    }
    const tail = this.#term(depth + 1);
    scanner.expect(']');
    if (tail instanceof ImproperList) return new ImproperList([...elements, ...tail.elements], tail.tail);
    return Array.isArray(tail) ? elements.concat(tail as readonly Term[]) : new ImproperList(elements, tail);
  }

  /** `<<…>>`, or the `<0.90.1>` of a pid. */
  #angle(): Term {
    const scanner = this.#scanner;
    if (scanner.accept('<<')) return parseBits(scanner, this.#binaryBytesMax);
    scanner.expect('<');
    const [node, id, serial] = this.#parts(3, 3);
    return this.#made(
      scanner.at,
      () => new Pid({ node: node as Atom, id: u32(id), serial: u32(serial), ...this.#born }),
    );
  }

  #hash(depth: number): Term {
    const scanner = this.#scanner;
    const start = scanner.at;
    scanner.at += 1;
    if (scanner.accept('{')) return this.#map(depth, start);
    const kind = scanner.match(identifierKind);
    if (kind === undefined) return this.#nativeRecord(depth, start);
    if (kind === 'Fun<') throw scanner.error('no_value', 'a fun that was made in a module', start);
    const [least, most] = partsOf[kind] ?? [2, 2];
    const [node, ...numbers] = this.#parts(least, most);
    const common = { node: node as Atom, ...this.#born };
    return this.#made(start, () => {
      if (kind === 'Port<') return new Port({ ...common, id: numbers[0] as bigint });
      if (kind === 'Pid<') return new Pid({ ...common, id: u32(numbers[0]), serial: u32(numbers[1]) });
      return new Reference({ ...common, words: numbers.map(u32).toReversed() });
    });
  }

  get #born(): { readonly creation: number } {
    return { creation: this.#creation };
  }

  /** A node, then numbers, separated by points and ended by `>`; `least` to `most` parts in all. */
  #parts(least: number, most: number): [Atom, ...bigint[]] {
    const scanner = this.#scanner;
    const start = scanner.at;
    const name = scanner.atomName();
    const parts: [Atom, ...bigint[]] = [
      name === undefined ? this.#numberedNode() : this.#made(start, () => atom(name)),
    ];
    while (scanner.accept('.')) {
      const digits = scanner.match(decimal);
      if (digits === undefined) throw scanner.unexpected('a number');
      parts.push(BigInt(digits));
    }
    if (parts.length < least || parts.length > most) throw scanner.unexpected(`${least} to ${most} numbers`);
    scanner.expect('>');
    return parts;
  }

  /** 0 is the node where the text was made; of every other number only that node knows the meaning. */
  #numberedNode(): Atom {
    const scanner = this.#scanner;
    const start = scanner.at;
    const digits = scanner.match(decimal);
    if (digits === undefined) throw scanner.unexpected('a node');
    if (digits === '0' && this.#node !== undefined) return this.#node;
    throw scanner.error(
      'no_value',
      digits === '0' ? 'the option node is missing' : `node number ${digits}`,
      start,
    );
  }

  #map(depth: number, start: number): TermMap {
    const scanner = this.#scanner;
    const entries: [Term, Term][] = [];
    if (scanner.accept('}')) return new TermMap();
    do {
      const key = this.#term(depth + 1);
      scanner.expect('=>');
      entries.push([key, this.#term(depth + 1)]);
    } while (scanner.accept(','));
    scanner.expect('}');
    return this.#made(start, () => new TermMap(entries));
  }

  #nativeRecord(depth: number, start: number): NativeRecord {
    const scanner = this.#scanner;
    const module = this.#atom();
    if (!scanner.accept(':')) throw scanner.error('unsupported', 'a record without a module', start);
    const name = this.#atom();
    scanner.expect('{');
    const fields: [Atom, Term][] = [];
    if (!scanner.accept('}')) {
      do {
        const field = this.#atom();
        scanner.expect('=');
        fields.push([field, this.#term(depth + 1)]);
      } while (scanner.accept(','));
      scanner.expect('}');
    }
    return new NativeRecord({ module, name, flags: 0, fields });
  }

  #atom(): Atom {
    const scanner = this.#scanner;
    scanner.next();
    const start = scanner.at;
    const name = scanner.atomName();
    if (name === undefined) throw scanner.unexpected('an atom');
    return this.#made(start, () => atom(name));
  }

  /** An atom, or `fun m:f/1`. */
  #word(name: string, isQuoted: boolean, start: number): Term {
    // Reserved since OTP 27; older nodes print the atom without quotes.
    if (isQuoted || !reservedWords.has(name) || name === 'maybe') return this.#made(start, () => atom(name));
    const scanner = this.#scanner;
    if (name !== 'fun') throw scanner.error('unexpected', `'${name}' is a reserved word`, start);
    const module = this.#atom();
    scanner.expect(':');
    const functionName = this.#atom();
    scanner.expect('/');
    scanner.next();
    const arity = this.#number(false);
    return this.#made(start, () => new ExportFun(module, functionName, Number(arity)));
  }

  #signed(isNegative: boolean): Term {
    const scanner = this.#scanner;
    if (scanner.next() !== '$') return this.#number(isNegative);
    const code = scanner.character();
    return isNegative ? -code : code;
  }

  #number(isNegative: boolean): number | bigint | Float {
    const number = this.#scanner.number();
    if ('float' in number) return new Float(isNegative ? -number.float : number.float);
    const value = isNegative ? -number.integer : number.integer;
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }

  /** What `make` gives; an error of it is one of the text at `offset`. */
  #made<Made>(offset: number, make: () => Made): Made {
    try {
      return make();
    } catch (cause) {
      if (!(cause instanceof EtfError)) throw cause;
      throw this.#scanner.error(
        cause.code === 'too_deep' ? 'too_deep' : 'invalid_term',
        cause.message,
        offset,
        cause,
      );
    }
  }
}

/** A number that is too large for its place is refused by who takes it. */
function u32(value: unknown): number {
  return Number(value);
}

const loneSurrogate = /\p{Surrogate}/u;
const digit = /^\d/;
const variable = /^[A-Z_À-ÖØ-Þ]/;
const decimal = /\d{1,20}/y;
/** Numbers that an identifier has, its node's counted. */
const partsOf: Readonly<Record<string, readonly [number, number]>> = {
  'Pid<': [3, 3],
  'Port<': [2, 2],
  'Ref<': [2, 6],
};
const identifierKind = /(?:Pid|Port|Ref|Fun)</y;
