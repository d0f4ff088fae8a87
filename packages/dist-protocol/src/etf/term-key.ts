import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { EtfError } from './errors.js';
import { depthCeiling } from './limits.js';
import type { Term } from './term.js';

/**
 * A string that two terms share exactly when `A =:= B` in Erlang (OTP 27 and later, where `0.0` is not `-0.0`), for a `Map`.
 * At most 8,192 characters: JavaScript engines hash a long string by its length alone, so a peer could send thousands of long keys that
 * all fall together. What is longer is represented by its SHA-256.
 *
 * @throws {EtfError} `too_deep` beyond 1,000 levels, `invalid_term` for what is no term
 */
export function termKey(term: Term): string {
  const key = wholeKey(term, 0);
  return key.length <= keyCharactersMax ? key : `h${bytesToHex(sha256(textEncoder.encode(key)))}`;
}

/** Whether `A =:= B`. @throws {EtfError} `too_deep` beyond 1,000 levels, `invalid_term` for what is no term */
export function termEquals(a: Term, b: Term): boolean {
  return a === b || wholeKey(a, 0) === wholeKey(b, 0);
}

/** Each part is preceded by its length or ended by a character that it can't contain, so different terms can't collide. */
function wholeKey(term: Term, depth: number): string {
  if (typeof term === 'number') return `i${term === 0 ? 0 : term};`;
  if (typeof term === 'bigint') return bigintKey(term);
  if (depth > depthCeiling) throw new EtfError('too_deep', `term nested deeper than ${depthCeiling}`);
  if (term instanceof Uint8Array) return `b${term.length}:${latin1(term)}`;
  if (isList(term)) return `l${term.length}(${keys(term, depth)}`;
  switch (term?.kind) {
    case 'atom':
      return text('a', term.name);
    case 'float':
      return `f${Object.is(term.value, -0) ? '-0' : term.value};`;
    case 'bit_string':
      return bitStringKey(term.bytes, term.lastBits);
    case 'tuple':
      return `t${term.arity}(${keys(term.elements, depth)}`;
    case 'improper_list':
      return `I${term.elements.length}(${keys(term.elements, depth)}${wholeKey(term.tail, depth + 1)}`;
    case 'map': {
      const pairs = Array.from(term, ([key, value]) => wholeKey(key, depth + 1) + wholeKey(value, depth + 1));
      return `m${term.size}(${pairs.sort().join('')}`;
    }
    case 'pid':
      return `p${text('a', term.node.name)}${term.id}.${term.serial}.${term.creation};`;
    case 'port':
      return `P${text('a', term.node.name)}${term.id}.${term.creation};`;
    case 'reference':
      return `r${text('a', term.node.name)}${term.words.join('.')}/${term.creation};`;
    case 'export_fun':
      return `e${text('a', term.module.name)}${text('a', term.functionName.name)}${term.arity};`;
    case 'opaque_fun':
      return opaqueFunKey(term, depth);
    case 'native_record': {
      const fields = term.fields.map(([name, value]) => text('a', name.name) + wholeKey(value, depth + 1));
      const head = text('a', term.module.name) + text('a', term.name.name);
      return `R${term.flags}.${term.fields.length}(${head}${fields.join('')}`;
    }
    default:
      throw new EtfError('invalid_term', `not a term: ${typeof term}`);
  }
}

/** `Array.isArray` that also narrows a read-only array. */
export function isList(term: Term): term is readonly Term[] {
  return Array.isArray(term);
}

function keys(terms: readonly Term[], depth: number): string {
  let result = '';
  for (const term of terms) result += wholeKey(term, depth + 1);
  return result;
}

/** Decimal digits of a huge bignum cost the square of their number. */
function bigintKey(value: bigint): string {
  const isSafe = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
  return isSafe ? `i${Number(value)};` : `x${value.toString(16)};`;
}

function text(letter: string, value: string): string {
  return `${letter}${value.length}:${value}`;
}

function opaqueFunKey(fun: Extract<Term, { readonly kind: 'opaque_fun' }>, depth: number): string {
  const head = `${fun.arity}.${fun.index}.${fun.oldIndex}.${fun.oldUniq}:${latin1(fun.uniq)}`;
  const made = text('a', fun.module.name) + wholeKey(fun.creator, depth + 1);
  return `F${head}${made}${fun.freeVariables.length}(${keys(fun.freeVariables, depth)}`;
}

/** The bits behind the last used one are not part of the value. */
function bitStringKey(bytes: Uint8Array, lastBits: number): string {
  const last = (bytes.at(-1) ?? 0) >> (8 - lastBits);
  return `B${bytes.length}.${lastBits}.${last}:${latin1(bytes.subarray(0, -1))}`;
}

function latin1(bytes: Uint8Array): string {
  let result = '';
  for (let at = 0; at < bytes.length; at += 4096)
    result += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return result;
}

/** V8 hashes up to 16,383 characters. */
const keyCharactersMax = 8_192;
const textEncoder = new TextEncoder();
