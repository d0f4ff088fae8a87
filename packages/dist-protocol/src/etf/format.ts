import type { Atom } from './atom.js';
import { EtfError } from './errors.js';
import { depthCeiling } from './limits.js';
import type { Term } from './term.js';
import { isList } from './term-key.js';

/** Options of {@link formatTerm}. */
export interface FormatOptions {
  /**
   * Characters after which the text ends with `…`. Default 10,000. With `Infinity` nothing is left out, neither of long strings and
   * binaries nor of deep nesting, and the text can be read by `parseTerm`.
   */
  readonly charactersMax?: number;
}

/**
 * The term in Erlang syntax, for logs and error messages: `{ok,<<"abc">>,[1,2],#{a => 1.0}}`.
 * Pids, ports, references and funs are written as `#Pid<node.id.serial>` and so on. Nesting beyond 100 levels becomes `…`, and so does
 * what follows the first 1,000 characters of a string or bytes of a binary.
 *
 * @throws {EtfError} `too_deep` beyond 1,000 levels, only where nothing may be left out
 */
export function formatTerm(term: Term, options: FormatOptions = {}): string {
  const charactersMax = options.charactersMax ?? 10_000;
  const output = new Output(charactersMax);
  write(output, term, 0);
  return output.text.length > charactersMax ? `${output.text.slice(0, charactersMax)}…` : output.text;
}

/** Stops growing soon after the limit, so that a huge term costs no more than its beginning. */
class Output {
  text = '';
  readonly #charactersMax: number;

  /** Levels of nesting that are shown. */
  readonly depthMax: number;
  /** Characters of a string and bytes of a binary that are shown. */
  readonly partMax: number;

  constructor(charactersMax: number) {
    this.#charactersMax = charactersMax;
    const isWhole = charactersMax === Number.POSITIVE_INFINITY;
    this.depthMax = isWhole ? depthCeiling : 100;
    this.partMax = isWhole ? Number.POSITIVE_INFINITY : 1_000;
  }

  get full(): boolean {
    return this.text.length > this.#charactersMax;
  }
}

function write(output: Output, term: Term, depth: number): void {
  if (output.full) return;
  if (depth > depthCeiling) throw new EtfError('too_deep', `term nested deeper than ${depthCeiling}`);
  if (depth > output.depthMax) output.text += '…';
  else if (typeof term === 'number') output.text += term;
  else if (typeof term === 'bigint') output.text += bigintText(term);
  else if (term instanceof Uint8Array) output.text += binaryText(term, output.partMax);
  else if (isList(term)) writeList(output, term, depth);
  else writeObject(output, term, depth);
}

function writeObject(output: Output, term: Extract<Term, { readonly kind: string }>, depth: number): void {
  switch (term.kind) {
    case 'atom':
      output.text += atomText(term);
      return;
    case 'float':
      output.text += floatText(term.value);
      return;
    case 'bit_string': {
      const last = (term.bytes.at(-1) ?? 0) >> (8 - term.lastBits);
      const whole = Array.from(
        term.bytes.subarray(0, Math.min(term.bytes.length - 1, output.partMax)),
        String,
      );
      output.text += `<<${[...whole, `${last}:${term.lastBits}`].join(',')}>>`;
      return;
    }
    case 'tuple':
      writeAll(output, term.elements, { open: '{', close: '}', depth });
      return;
    case 'improper_list':
      writeAll(output, term.elements, { open: '[', close: '|', depth });
      write(output, term.tail, depth + 1);
      output.text += ']';
      return;
    case 'map':
      writePairs(output, term, { open: '#{', arrow: ' => ', depth });
      return;
    case 'pid':
      output.text += `#Pid<${atomText(term.node)}.${term.id}.${term.serial}>`;
      return;
    case 'port':
      output.text += `#Port<${atomText(term.node)}.${term.id}>`;
      return;
    case 'reference':
      output.text += `#Ref<${[atomText(term.node), ...term.words.toReversed()].join('.')}>`;
      return;
    case 'export_fun':
      output.text += `fun ${atomText(term.module)}:${atomText(term.functionName)}/${term.arity}`;
      return;
    case 'opaque_fun':
      output.text += `#Fun<${term.arity}>`;
      return;
    case 'native_record':
      writePairs(output, term.fields, {
        open: `#${atomText(term.module)}:${atomText(term.name)}{`,
        arrow: ' = ',
        depth,
      });
      return;
  }
}

function writeList(output: Output, list: readonly Term[], depth: number): void {
  if (list.length > 0 && list.every((term) => typeof term === 'number' && isPrintable(term)))
    output.text +=
      quoted(list.slice(0, output.partMax) as number[], '"') + (list.length > output.partMax ? '…' : '');
  else writeAll(output, list, { open: '[', close: ']', depth });
}

function writeAll(
  output: Output,
  terms: readonly Term[],
  { open, close, depth }: { open: string; close: string; depth: number },
): void {
  output.text += open;
  for (const [index, term] of terms.entries()) {
    if (output.full) return;
    if (index > 0) output.text += ',';
    write(output, term, depth + 1);
  }
  output.text += close;
}

function writePairs(
  output: Output,
  pairs: Iterable<readonly [Term, Term]>,
  { open, arrow, depth }: { open: string; arrow: string; depth: number },
): void {
  output.text += open;
  let first = true;
  for (const [key, value] of pairs) {
    if (output.full) return;
    if (!first) output.text += ',';
    first = false;
    write(output, key, depth + 1);
    output.text += arrow;
    write(output, value, depth + 1);
  }
  output.text += '}';
}

function atomText({ name }: Atom): string {
  if (/^[a-z][0-9A-Za-z_@]*$/.test(name) && !reservedWords.has(name)) return name;
  return `'${name.replace(/['\\]/g, '\\$&').replace(controlCharacters, escapeControl)}'`;
}

/** Decimal digits of a huge bignum cost quadratic time, so those are shown in hexadecimal, as Erlang reads it. */
function bigintText(value: bigint): string {
  const hex = (value < 0n ? -value : value).toString(16);
  return hex.length <= 256 ? String(value) : `${value < 0n ? '-' : ''}16#${hex}`;
}

function floatText(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  if (text.includes('.')) return text;
  return text.includes('e') ? text.replace('e', '.0e') : `${text}.0`;
}

function binaryText(bytes: Uint8Array, partMax: number): string {
  if (bytes.length === 0) return '<<>>';
  const shown = bytes.subarray(0, partMax);
  const more = bytes.length > partMax ? '…' : '';
  if (shown.every(isPrintable)) return `<<${quoted(shown, '"')}${more}>>`;
  return `<<${Array.from(shown, String).join(',')}${more}>>`;
}

function isPrintable(byte: number): boolean {
  return (byte >= 32 && byte < 127) || byte === 9 || byte === 10 || byte === 13;
}

function quoted(characters: ArrayLike<number>, quote: string): string {
  let text = '';
  for (let at = 0; at < characters.length; at++) text += String.fromCharCode(characters[at]!);
  return quote + text.replace(/["\\]/g, '\\$&').replace(controlCharacters, escapeControl) + quote;
}

function escapeControl(character: string): string {
  const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
  return short ?? `\\x{${character.charCodeAt(0).toString(16)}}`;
}

const controlCharacters = /\p{Cc}/gu;
/** Erlang Reference Manual, "Reserved Words"; `maybe` since OTP 27. */
export const reservedWords: ReadonlySet<string> = new Set(
  (
    'after and andalso band begin bnot bor bsl bsr bxor case catch cond div else end fun if let maybe not of or ' +
    'orelse receive rem try when xor'
  ).split(' '),
);
