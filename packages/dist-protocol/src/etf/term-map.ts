import { Atom, atom } from './atom.js';
import { EtfError } from './errors.js';
import type { Term } from './term.js';
import { termKey } from './term-key.js';

/**
 * An Erlang map. Any term is a key, found by value and not by identity: `map.get(tuple(1, 2))` works.
 * Can't be changed; keeps the order in which entries were given or received.
 */
export class TermMap {
  /** Discriminates {@link Term}. */
  get kind(): 'map' {
    return 'map';
  }
  /** The keys in their order. */
  readonly keys: readonly Term[];
  /** The values in the order of {@link keys}. */
  readonly values: readonly Term[];
  /** Where each key stands; a small map of simple keys has none and is searched. */
  #index: ReadonlyMap<Atom | string, number> | undefined;

  /** @throws {EtfError} `duplicate_key` when two entries have equal keys, `too_deep` for a key beyond 1,000 levels, `invalid_term` for none. */
  constructor(entries: Iterable<readonly [Term, Term]> | Columns = []) {
    if (entries instanceof Columns) {
      this.keys = entries.keys;
      this.values = entries.values;
    } else {
      const all = [...entries];
      this.keys = all.map(([key]) => key);
      this.values = all.map(([, value]) => value);
    }
    this.#index = undefined;
    if (!areFewAndDifferent(this.keys)) this.#index = indexOf(this.keys);
  }

  /** Number of entries. */
  get size(): number {
    return this.keys.length;
  }

  /** The value at a key, or `undefined`. */
  get(key: Term): Term | undefined {
    const at = this.#find(key);
    return at < 0 ? undefined : this.values[at];
  }

  /** Whether there is an entry with this key. */
  has(key: Term): boolean {
    return this.#find(key) >= 0;
  }

  /** Iterates over `[key, value]`. */
  *[Symbol.iterator](): Generator<readonly [Term, Term], void, undefined> {
    for (let at = 0; at < this.keys.length; at++) yield [this.keys[at]!, this.values[at]!];
  }

  #find(key: Term): number {
    if (this.#index === undefined) {
      if (key instanceof Atom || Number.isSafeInteger(key)) return this.keys.indexOf(key);
      this.#index = indexOf(this.keys);
    }
    return this.#index.get(indexKey(key)) ?? -1;
  }
}

/** The contents of a map that the decoder has read, in a form that needs no copy. */
export class Columns {
  constructor(
    /** The keys. */
    readonly keys: readonly Term[],
    /** The values, as many. */
    readonly values: readonly Term[],
  ) {}
}

/** A map with atom keys: `atomMap({ realm: binary('io.macula') })` is `#{realm => <<"io.macula">>}`. */
export function atomMap(values: Readonly<Record<string, Term>>): TermMap {
  return new TermMap(
    new Columns(
      Object.keys(values).map((name) => atom(name)),
      Object.values(values),
    ),
  );
}

/** Compares every key with every other, which is faster than an index for so few atoms, integers and binaries. */
function areFewAndDifferent(keys: readonly Term[]): boolean {
  if (keys.length > fewKeys) return false;
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at]!;
    if (key instanceof Atom || Number.isSafeInteger(key)) {
      for (let before = 0; before < at; before++) if (keys[before] === key) return false;
    } else if (key instanceof Uint8Array && key.length <= shortKey) {
      for (let before = 0; before < at; before++) if (isSameBinary(key, keys[before]!)) return false;
    } else return false;
  }
  return true;
}

function isSameBinary(key: Uint8Array, other: Term): boolean {
  if (!(other instanceof Uint8Array) || other.length !== key.length) return false;
  for (let at = 0; at < key.length; at++) if (key[at] !== other[at]) return false;
  return true;
}

/** @throws {EtfError} `duplicate_key` */
function indexOf(keys: readonly Term[]): ReadonlyMap<Atom | string, number> {
  const index = new Map<Atom | string, number>();
  for (let at = 0; at < keys.length; at++) {
    index.set(indexKey(keys[at]!), at);
    if (index.size !== at + 1) throw new EtfError('duplicate_key', 'a map with one key twice');
  }
  return index;
}

/**
 * An integer too becomes text: the hash of a text has a secret seed, that of a number has none, and a peer could send a
 * hundred thousand integers that all fall together.
 */
function indexKey(key: Term): Atom | string {
  return key instanceof Atom ? key : termKey(key);
}

const fewKeys = 32;
/** Bytes of a binary that is compared with every other key. */
const shortKey = 64;
