import { isKind, isMap, isTuple, textOf } from './accessors.js';
import type { Atom } from './atom.js';
import { EtfError } from './errors.js';
import { depthCeiling } from './limits.js';
import { type NullAtom, type Plain, placeOf } from './plain.js';
import type { Term } from './term.js';
import { isList } from './term-key.js';
import type { TermMap } from './term-map.js';

/** Options of {@link toPlain}. */
export interface ToPlainOptions {
  /** The atom that becomes `null`; others of its kind are atoms like any. Default `undefined`. */
  readonly null?: NullAtom;
  /** Other atoms than that, `true` and `false`: their names as text, or kept as {@link Atom}. Default `text`. */
  readonly atoms?: 'text' | 'keep';
  /** Binaries: text, where others than UTF-8 are refused; bytes; or text where it is UTF-8 and else bytes. Default `text`. */
  readonly binaries?: 'text' | 'bytes' | 'either';
  /** Tuples: arrays, which can't be told from lists then, or kept. Default `array`. */
  readonly tuples?: 'array' | 'keep';
  /**
   * Maps: objects, whose keys are then text; or a `Map`, whose keys follow the table. Default `object`. A `Map` with tens of thousands of
   * integers that a hostile peer has chosen is slow, as JavaScript has no seed for their hash.
   */
  readonly maps?: 'object' | 'map';
  /** What has no plain form: an error, or kept as the term that it is. Default `refuse`. */
  readonly others?: 'refuse' | 'keep';
}

/**
 * The plain value for a term:
 *
 * | Erlang | JavaScript |
 * |---|---|
 * | integer | `number` inside ±(2^53 − 1), else `bigint` |
 * | float | `number`; `1.0` can't be told from `1` then |
 * | `true`, `false` | `boolean` |
 * | the atom of the option `null` | `null` |
 * | other atoms | `string`, or kept (`atoms`) |
 * | binary | `string`, or `Uint8Array` (`binaries`) |
 * | list, also Erlang's strings | array |
 * | tuple | array, or kept (`tuples`) |
 * | map | object with keys that are atoms, UTF-8 binaries or integers, by their text; or `Map` (`maps`). A text of more than 8,192 characters is no key |
 * | bit string, improper list, pid, port, reference, fun, native record | error, or kept (`others`) |
 *
 * `toPlain(fromPlain(value))` is equal to `value` where it is JSON.
 *
 * @throws {EtfError} `invalid_term` for what has no form, with its place in the message; `duplicate_key` where two keys become one;
 * `too_deep` beyond 1,000 levels
 */
export function toPlain(term: Term, options: ToPlainOptions = {}): Plain {
  return new ToPlain(options).plain(term);
}

class ToPlain {
  readonly #options: ToPlainOptions;
  readonly #null: NullAtom;
  readonly #path: (string | number)[] = [];

  constructor(options: ToPlainOptions) {
    this.#options = options;
    this.#null = options.null ?? 'undefined';
  }

  plain(term: Term): Plain {
    if (typeof term === 'number' || typeof term === 'bigint') return term;
    if (term instanceof Uint8Array) return this.#binary(term);
    if (isKind(term, 'atom')) return this.#atom(term);
    if (isKind(term, 'float')) return term.value;
    if (this.#path.length >= depthCeiling)
      throw new EtfError('too_deep', `term nested deeper than ${depthCeiling}`);
    if (isList(term)) return this.#all(term);
    if (isTuple(term)) return this.#options.tuples === 'keep' ? term : this.#all(term.elements);
    if (isMap(term)) return this.#options.maps === 'map' ? this.#map(term) : this.#object(term);
    if (this.#options.others === 'keep') return term;
    throw this.#noForm(term.kind);
  }

  #atom(atom: Atom): Plain {
    const { name } = atom;
    if (name === this.#null) return null;
    if (name === 'true' || name === 'false') return name === 'true';
    return this.#options.atoms === 'keep' ? atom : name;
  }

  #binary(bytes: Uint8Array): Plain {
    const { binaries = 'text' } = this.#options;
    if (binaries === 'bytes') return bytes;
    const text = textOf(bytes);
    if (text !== undefined) return text;
    if (binaries === 'either') return bytes;
    throw this.#noForm('a binary that is not UTF-8');
  }

  #all(terms: readonly Term[]): Plain[] {
    return terms.map((term, index) => this.#inside(index, term));
  }

  #object(map: TermMap): Plain {
    const entries = new Map<string, Plain>();
    for (const [key, value] of map) {
      const name = this.#key(key);
      if (entries.has(name))
        throw new EtfError('duplicate_key', `two keys that are both ${name} as text${placeOf(this.#path)}`);
      entries.set(name, this.#inside(name, value));
    }
    // Makes properties of its own, also of `__proto__`.
    return Object.fromEntries(entries);
  }

  #key(key: Term): string {
    if (typeof key === 'number') return String(key);
    if (typeof key === 'bigint') {
      // Decimal digits of a huge bignum cost the square of their number.
      if (key.toString(16).length > keyCharactersMax / 8) throw this.#noForm('a key of so many digits');
      return String(key);
    }
    const name = isList(key) ? undefined : textOf(key);
    if (name === undefined) throw this.#noForm('a key that is no atom, text or integer');
    return this.#checkedKey(name);
  }

  #map(map: TermMap): Plain {
    const entries = new Map<Plain, Plain>();
    for (const [key, value] of map) {
      const plain = this.#inside(entries.size, key);
      if (typeof plain === 'string') this.#checkedKey(plain);
      if (entries.has(plain))
        throw new EtfError('duplicate_key', `two keys that become one${placeOf(this.#path)}`);
      entries.set(plain, this.#inside(typeof plain === 'string' ? plain : entries.size, value));
    }
    return entries;
  }

  /** JavaScript engines hash long strings by their length alone: many long keys of a peer would all fall together. */
  #checkedKey(name: string): string {
    if (name.length > keyCharactersMax) throw this.#noForm(`a key of ${name.length} characters`);
    return name;
  }

  #inside(step: string | number, term: Term): Plain {
    this.#path.push(step);
    const plain = this.plain(term);
    this.#path.pop();
    return plain;
  }

  #noForm(what: string): EtfError {
    return new EtfError('invalid_term', `no plain form of ${what}${placeOf(this.#path)}`);
  }
}

/** V8 hashes up to 16,383 characters. */
const keyCharactersMax = 8_192;
