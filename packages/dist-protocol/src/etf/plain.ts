import type { Term } from './term.js';

/**
 * A value without classes of this package, as JSON has them and a little more; the table is on {@link fromPlain} and {@link toPlain}.
 * Terms may stand anywhere in it, so that what has no plain form can be said too.
 */
export type Plain =
  | null
  | boolean
  | string
  | number
  | bigint
  | Uint8Array
  | readonly Plain[]
  | { readonly [key: string]: Plain | undefined }
  | ReadonlyMap<Plain, Plain>
  | Term;

/** The atom that stands for `null`: Erlang's own `undefined`, Elixir's `nil`, or the `null` of JSON libraries. */
export type NullAtom = 'undefined' | 'nil' | 'null';

/** What is said of a place in a value: `at .users[3].name`. */
export function placeOf(path: readonly (string | number)[]): string {
  if (path.length === 0) return '';
  const shown = path.slice(0, pathShown).map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`));
  return ` at ${shown.join('')}${path.length > pathShown ? '…' : ''}`;
}

const pathShown = 20;
