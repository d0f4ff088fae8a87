import { type Atom, atom } from './atom.js';
import type { Term, Tuple } from './term.js';
import type { TermMap } from './term-map.js';

/** Whether a term is an atom, and the one named `name` where a name is given. */
export function isAtom(term: Term | undefined, name?: string): term is Atom {
  return isKind(term, 'atom') && (name === undefined || term.name === name);
}

/** Whether a term is a tuple, and of `arity` elements where that is given. */
export function isTuple(term: Term | undefined, arity?: number): term is Tuple {
  return isKind(term, 'tuple') && (arity === undefined || term.arity === arity);
}

/** Whether a term is a tuple whose first element is the atom `tag`: `isTagged(term, 'ok', 2)` for `{ok, _}`. */
export function isTagged(term: Term | undefined, tag: string, arity?: number): term is Tuple {
  return isTuple(term, arity) && isAtom(term.elements[0], tag);
}

/** Whether a term is a map. */
export function isMap(term: Term | undefined): term is TermMap {
  return isKind(term, 'map');
}

/** Whether a term is a binary (whole bytes). */
export function isBinary(term: Term | undefined): term is Uint8Array {
  return term instanceof Uint8Array;
}

/** Whether a term is of this `kind`, e.g. `'pid'`. */
export function isKind<Kind extends KindOfTerm>(
  term: Term | undefined,
  kind: Kind,
): term is Extract<Term, { readonly kind: Kind }> {
  return typeof term === 'object' && 'kind' in term && term.kind === kind;
}

/** Every `kind` a term can have; numbers, binaries and lists have none. */
export type KindOfTerm = Extract<Term, { readonly kind: string }>['kind'];

/** The value at the atom `name`, or `undefined` where there is none (or `map` is no map). */
export function mapGet(map: Term | undefined, name: string): Term | undefined {
  return isMap(map) ? map.get(atom(name)) : undefined;
}

/** A binary with the UTF-8 bytes of `text`: `binary('abc')` is `<<"abc">>`. */
export function binary(text: string): Uint8Array {
  return textEncoder.encode(text);
}

/** A list of code points: `charlist('abc')` is Erlang's `"abc"`. */
export function charlist(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}

/**
 * The text in a binary (UTF-8), a list of code points, or an atom; `undefined` for any other term, or for bytes that
 * are not UTF-8. The empty list is the empty text.
 */
export function textOf(term: Term | undefined): string | undefined {
  if (isAtom(term)) return term.name;
  if (isBinary(term)) return utf8Text(term);
  if (!Array.isArray(term)) return undefined;
  let text = '';
  for (const point of term as readonly Term[]) {
    if (typeof point !== 'number' || point < 0 || point > 0x10_ffff) return undefined;
    text += String.fromCodePoint(point);
  }
  return text;
}

/** The boolean that the atom `true` or `false` stands for, or `undefined` for any other term. */
export function booleanOf(term: Term | undefined): boolean | undefined {
  if (isAtom(term, 'true')) return true;
  return isAtom(term, 'false') ? false : undefined;
}

function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

const textEncoder = new TextEncoder();
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
