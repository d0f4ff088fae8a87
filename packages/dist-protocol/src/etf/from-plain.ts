import { Atom, atom } from './atom.js';
import { EtfError } from './errors.js';
import { Pid, Port, Reference } from './identifiers.js';
import { depthCeiling } from './limits.js';
import { ExportFun, NativeRecord, OpaqueFun } from './opaque.js';
import { type NullAtom, type Plain, placeOf } from './plain.js';
import { BitString, Float, ImproperList, type Term, Tuple } from './term.js';
import { Columns, TermMap } from './term-map.js';

/** Options of {@link fromPlain}. */
export interface FromPlainOptions {
  /** What the keys of objects become. Default `binary`. */
  readonly keys?: 'binary' | 'atom';
  /** The atom for `null`. Default `undefined`. */
  readonly null?: NullAtom;
}

/**
 * The term for a plain value:
 *
 * | JavaScript | Erlang |
 * |---|---|
 * | `null` | the atom of the option `null` |
 * | `true`, `false` | the atoms |
 * | `number`, a safe integer | integer; `-0` is `0` |
 * | any other finite `number` | float |
 * | `bigint` | integer |
 * | `string` | binary of its UTF-8 |
 * | `Uint8Array`, `Buffer` | binary of the same bytes, not copied |
 * | array | list |
 * | plain object | map; keys are binaries, or atoms with `keys: 'atom'`; properties that are `undefined` are left out |
 * | `Map` | map; its keys by this table |
 * | a term: `Atom`, `Float`, `Tuple`, `TermMap`, `Pid`, … | itself |
 * | `undefined`, `NaN`, infinities, functions, symbols, other objects (`Date`, `Set`, …), lone surrogates | error |
 *
 * @throws {EtfError} `invalid_term` for what has no form, with its place in the message; `invalid_float`, `invalid_atom`, `duplicate_key`;
 * `too_deep` beyond 1,000 levels, and so for a value that holds itself
 */
export function fromPlain(value: Plain, options: FromPlainOptions = {}): Term {
  return new FromPlain(options).term(value as unknown);
}

class FromPlain {
  readonly #null: Term;
  readonly #keyOf: (key: string) => Term;
  readonly #path: (string | number)[] = [];

  constructor(options: FromPlainOptions) {
    this.#null = atom(options.null ?? 'undefined');
    this.#keyOf = options.keys === 'atom' ? atom : (key) => this.#binary(key);
  }

  term(value: unknown): Term {
    switch (typeof value) {
      case 'string':
        return this.#binary(value);
      case 'number':
        return this.#number(value);
      case 'bigint':
        return value;
      case 'boolean':
        return atom(value ? 'true' : 'false');
      case 'object':
        return value === null ? this.#null : this.#object(value);
      default:
        throw this.#noForm(typeof value);
    }
  }

  #object(value: object): Term {
    if (this.#path.length >= depthCeiling)
      throw new EtfError('too_deep', `value nested deeper than ${depthCeiling}`);
    if (value instanceof Uint8Array || isTermObject(value)) return value as Term;
    if (Array.isArray(value)) return Array.from(value, (element, index) => this.#inside(index, element));
    if (value instanceof Map) return this.#map(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null)
      throw this.#noForm(`an object of class ${value.constructor?.name}`);
    const keys: Term[] = [];
    const values: Term[] = [];
    for (const [key, entry] of Object.entries(value)) {
      if (entry === undefined) continue;
      keys.push(this.#keyOf(key));
      values.push(this.#inside(key, entry));
    }
    return new TermMap(new Columns(keys, values));
  }

  #map(map: ReadonlyMap<unknown, unknown>): Term {
    const keys: Term[] = [];
    const values: Term[] = [];
    for (const [key, entry] of map) {
      const step = typeof key === 'string' ? key : keys.length;
      keys.push(this.#inside(step, key));
      values.push(this.#inside(step, entry));
    }
    return new TermMap(new Columns(keys, values));
  }

  #inside(step: string | number, value: unknown): Term {
    this.#path.push(step);
    const term = this.term(value);
    this.#path.pop();
    return term;
  }

  #binary(text: string): Term {
    if (loneSurrogate.test(text)) throw this.#noForm('a string with half of a surrogate pair');
    return textEncoder.encode(text);
  }

  #number(value: number): Term {
    if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
    if (!Number.isFinite(value)) throw this.#noForm(String(value));
    return new Float(value);
  }

  #noForm(what: string): EtfError {
    return new EtfError('invalid_term', `no term for ${what}${placeOf(this.#path)}`);
  }
}

/** Whether it is made by a class of terms: a `kind` of its own is a property like any. */
function isTermObject(value: object): boolean {
  return termClasses.some((termClass) => value instanceof termClass);
}

const termClasses = [
  Atom,
  Float,
  Tuple,
  TermMap,
  BitString,
  ImproperList,
  Pid,
  Port,
  Reference,
  ExportFun,
  OpaqueFun,
  NativeRecord,
];
const textEncoder = new TextEncoder();
const loneSurrogate = /\p{Surrogate}/u;
