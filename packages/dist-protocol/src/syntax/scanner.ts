import { TermSyntaxError, type TermSyntaxErrorCode } from './errors.js';

/** A text and how far it has been read: what atoms, strings, characters and numbers look like in Erlang. */
export class Scanner {
  /** Where the next character is read, in UTF-16 code units. */
  at = 0;

  constructor(
    /** What is read. */
    readonly text: string,
  ) {}

  /** Goes on behind white space and comments, and gives the character there, `''` at the end. */
  next(): string {
    while (this.match(space) !== undefined) {
      // White space and comments take turns.
    }
    return this.text[this.at] ?? '';
  }

  /** Whether `literal` stands here, behind white space; it is read if so. */
  accept(literal: string): boolean {
    this.next();
    if (!this.text.startsWith(literal, this.at)) return false;
    this.at += literal.length;
    return true;
  }

  /** Reads `literal`. @throws {TermSyntaxError} `unexpected` where something else stands */
  expect(literal: string): void {
    if (!this.accept(literal)) throw this.unexpected(`'${literal}'`);
  }

  /** What a sticky pattern matches right here, which is then read. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  /** An atom's name, quoted or not, or undefined where none begins. */
  atomName(): string | undefined {
    if (this.next() === "'") return this.#quoted("'");
    return this.match(bareAtom);
  }

  /** The characters between two double quotes, and of the strings that follow it directly, as Erlang joins them. */
  string(): string {
    let all = '';
    do {
      if (this.text.startsWith('"""', this.at)) throw this.error('unsupported', 'a triple-quoted string');
      all += this.#quoted('"');
    } while (this.next() === '"');
    return all;
  }

  /** The code of the character behind `$`. */
  character(): number {
    this.at += 1;
    const code = this.text.codePointAt(this.at);
    if (code === undefined) throw this.unexpected('a character');
    if (code === backslash) return this.#escape();
    this.at += code > 0xffff ? 2 : 1;
    return code;
  }

  /** An unsigned number: `integer` where it has neither point nor exponent. */
  number(): { readonly integer: bigint } | { readonly float: number } {
    const start = this.at;
    const float = this.match(floatDigits);
    if (float !== undefined) {
      const value = Number(float.replaceAll('_', ''));
      if (Number.isFinite(value)) return { float: value };
      throw this.error('invalid_number', 'a float beyond the range', start);
    }
    const digits = this.match(integerDigits);
    if (digits === undefined) throw this.unexpected('a number');
    if (!basedNumber.test(this.text.slice(this.at, this.at + 2)))
      return { integer: this.#integer(digits, 10, start) };
    const base = Number(digits.replaceAll('_', ''));
    if (base < 2 || base > 36) throw this.error('invalid_number', `a base of ${digits}`, start);
    this.at += 1;
    return { integer: this.#integer(this.match(basedDigits) ?? '', base, start) };
  }

  /** An error at `offset`, by default here. */
  error(
    code: TermSyntaxErrorCode,
    message: string,
    offset: number = this.at,
    cause?: unknown,
  ): TermSyntaxError {
    return new TermSyntaxError({ code, message, text: this.text, offset, cause });
  }

  /** An error that says what should stand here. */
  unexpected(wanted: string): TermSyntaxError {
    const code = this.text.codePointAt(this.at);
    const found = code === undefined ? 'the text ends' : `'${String.fromCodePoint(code)}' stands`;
    return this.error('unexpected', `${found} where ${wanted} is expected`);
  }

  #integer(digits: string, base: number, start: number): bigint {
    const bare = digits.replaceAll('_', '');
    if (bare.length * Math.log2(base) > integerBitsMax + 6)
      throw this.error('too_large', `an integer of ${bare.length} digits`, start);
    for (let at = 0; at < bare.length; at++)
      if (digitOf(bare.charCodeAt(at)) >= base)
        throw this.error('invalid_number', `the digit ${bare[at]} with base ${base}`, start);
    return integerOf(bare, base);
  }

  #quoted(quote: string): string {
    const start = this.at;
    this.at += 1;
    const parts: string[] = [];
    for (;;) {
      parts.push(this.match(quote === '"' ? plainInString : plainInAtom) ?? '');
      const end = this.text[this.at];
      if (end === quote) {
        this.at += 1;
        return parts.join('');
      }
      if (end === undefined) throw this.error('unterminated', `no ${quote} ends this`, start);
      parts.push(String.fromCodePoint(this.#escape()));
    }
  }

  /** Reads from the backslash on. Erlang Reference Manual, "Data Types", escape sequences. */
  #escape(): number {
    const start = this.at;
    this.at += 1;
    const octal = this.match(octalDigits);
    if (octal !== undefined) return Number.parseInt(octal, 8);
    const control = this.match(controlEscape);
    if (control !== undefined) return control === '^?' ? 127 : control.charCodeAt(1) & 31;
    const hexadecimal = this.match(hexEscape);
    if (hexadecimal !== undefined) {
      const code = Number.parseInt(hexadecimal.replace(/[x{}]/g, ''), 16);
      if (code > 0x10_ffff || (code >= 0xd800 && code < 0xe000))
        throw this.error('invalid_character', `no character: ${hexadecimal}`, start);
      return code;
    }
    const code = this.text.codePointAt(this.at);
    if (code === undefined) throw this.error('unterminated', 'the text ends in an escape', start);
    const character = String.fromCodePoint(code);
    if (character === 'x') throw this.error('invalid_character', 'no hexadecimal digits follow', start);
    this.at += character.length;
    return shortEscapes[character] ?? code;
  }
}

/** The value of a digit or letter in base 36. */
function digitOf(code: number): number {
  return code < 0x3a ? code - 0x30 : (code & 31) + 9;
}

/** In halves, so that the many digits of a huge number don't cost the square of their number. */
function integerOf(digits: string, base: number): bigint {
  if (base === 10) return BigInt(digits);
  const prefix = { 2: '0b', 8: '0o', 16: '0x' }[base];
  if (prefix !== undefined) return BigInt(prefix + digits);
  if (digits.length <= 8) return BigInt(Number.parseInt(digits, base));
  const low = digits.length >> 1;
  const high = integerOf(digits.slice(0, digits.length - low), base);
  return high * BigInt(base) ** BigInt(low) + integerOf(digits.slice(digits.length - low), base);
}

/** Bits of an integer: 2^22, the largest that OTP computes itself. */
const integerBitsMax = 4_194_304;
const backslash = 0x5c;
const space = /[\0- \u0080-\u00a0]+|%[^\n]*/y;
/** `erl_scan`: lower-case Latin-1 letters, then letters, digits, `_` and `@`. */
const bareAtom = /[a-zß-öø-ÿ][0-9A-Za-z_@À-ÖØ-öø-ÿ]*/y;
const plainInString = /[^"\\]*/y;
const plainInAtom = /[^'\\]*/y;
const octalDigits = /[0-7]{1,3}/y;
const controlEscape = /\^[@-_a-z?]/y;
const hexEscape = /x(?:\{[0-9a-fA-F]{1,16}\}|[0-9a-fA-F]{2})/y;
const integerDigits = /\d+(?:_\d+)*/y;
const floatDigits = /\d+(?:_\d+)*\.\d+(?:_\d+)*(?:[eE][+-]?\d+(?:_\d+)*)?/y;
const basedDigits = /[0-9a-zA-Z]+(?:_[0-9a-zA-Z]+)*/y;
const basedNumber = /^#[0-9a-zA-Z]/;
const shortEscapes: Readonly<Record<string, number>> = {
  b: 8,
  d: 127,
  e: 27,
  f: 12,
  n: 10,
  r: 13,
  s: 32,
  t: 9,
  v: 11,
};
