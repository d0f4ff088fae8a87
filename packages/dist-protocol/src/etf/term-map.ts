import { atom } from './atom.js';
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
  readonly #entries = new Map<string, readonly [Term, Term]>();

  /** @throws {EtfError} `duplicate_key` when two entries have equal keys. */
  constructor(entries: Iterable<readonly [Term, Term]> = []) {
    for (const entry of entries) {
      const key = termKey(entry[0]);
      if (this.#entries.has(key)) throw new EtfError('duplicate_key', 'a map with one key twice');
      this.#entries.set(key, entry);
    }
  }

  /** Number of entries. */
  get size(): number {
    return this.#entries.size;
  }

  /** The value at a key, or `undefined`. */
  get(key: Term): Term | undefined {
    return this.#entries.get(termKey(key))?.[1];
  }

  /** Whether there is an entry with this key. */
  has(key: Term): boolean {
    return this.#entries.has(termKey(key));
  }

  /** Iterates over `[key, value]`. */
  [Symbol.iterator](): Iterator<readonly [Term, Term]> {
    return this.#entries.values();
  }
}

/** A map with atom keys: `atomMap({ realm: binary('io.macula') })` is `#{realm => <<"io.macula">>}`. */
export function atomMap(values: Readonly<Record<string, Term>>): TermMap {
  return new TermMap(Object.entries(values).map(([name, value]) => [atom(name), value] as const));
}
