import { EtfError } from './errors.js';
import { atomCharactersMax } from './limits.js';

/**
 * An Erlang atom. Made by {@link atom}, which returns the same object for the same name, so atoms compare with `===`.
 *
 * The table behind it holds atoms weakly: a peer that sends a million atoms fills nothing, unlike the emulator's atom table.
 */
export class Atom {
  /** Discriminates {@link Term}. */
  get kind(): 'atom' {
    return 'atom';
  }

  /** Use {@link atom}: an atom that is made here is not interned. */
  constructor(
    /** The characters without quotes. */
    readonly name: string,
  ) {}

  /** The bare name; use `formatTerm` for Erlang syntax with quotes. */
  toString(): string {
    return this.name;
  }
}

/**
 * The atom with this name.
 *
 * @param name up to 255 characters (code points)
 * @throws {EtfError} `invalid_atom` for more characters or a lone surrogate
 */
export function atom(name: string): Atom {
  const known = table.get(name)?.deref();
  if (known !== undefined) return known;
  if (name.length > atomCharactersMax && [...name].length > atomCharactersMax)
    throw new EtfError('invalid_atom', `atom longer than ${atomCharactersMax} characters`);
  if (loneSurrogate.test(name)) throw new EtfError('invalid_atom', 'atom with a lone surrogate');
  const made = new Atom(name);
  table.set(name, new WeakRef(made));
  collected.register(made, name);
  return made;
}

const table = new Map<string, WeakRef<Atom>>();
const collected = new FinalizationRegistry<string>((name) => {
  if (table.get(name)?.deref() === undefined) table.delete(name);
});
const loneSurrogate = /\p{Surrogate}/u;
