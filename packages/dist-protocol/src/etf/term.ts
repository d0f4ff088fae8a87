import type { Atom } from './atom.js';
import { EtfError } from './errors.js';
import type { Pid, Port, Reference } from './identifiers.js';
import type { ExportFun, NativeRecord, OpaqueFun } from './opaque.js';
import type { TermMap } from './term-map.js';

/**
 * Any Erlang term. One JavaScript form per Erlang type, so that what was decoded encodes to an equal term:
 *
 * | Erlang | here |
 * |---|---|
 * | integer | `number` inside ±(2^53 − 1), `bigint` outside; a `number` is never a float |
 * | float | {@link Float} always, because `1.0` and `1` are different terms |
 * | atom | {@link Atom}, also `true`, `false` and `undefined` |
 * | binary | `Uint8Array` |
 * | bit string | {@link BitString} |
 * | proper list, string | array; `"abc"` is `[97, 98, 99]`, as in Erlang |
 * | improper list | {@link ImproperList} |
 * | tuple | {@link Tuple} |
 * | map | {@link TermMap} |
 * | pid, port, reference | {@link Pid}, {@link Port}, {@link Reference} |
 * | fun | {@link ExportFun} (`fun m:f/1`), {@link OpaqueFun} (any other) |
 * | native record (OTP 29) | {@link NativeRecord} |
 *
 * Terms are values: don't change an array or bytes after they became part of one.
 */
export type Term =
  | number
  | bigint
  | Uint8Array
  | readonly Term[]
  | Atom
  | Float
  | BitString
  | ImproperList
  | Tuple
  | TermMap
  | Pid
  | Port
  | Reference
  | ExportFun
  | OpaqueFun
  | NativeRecord;

/** A tuple. Made by {@link tuple}. Iterates over its elements, so `const [tag, value] = term` works. */
export class Tuple {
  /** Discriminates {@link Term}. */
  get kind(): 'tuple' {
    return 'tuple';
  }

  constructor(
    /** The elements; index 0 is Erlang's `element(1, T)`. */
    readonly elements: readonly Term[],
  ) {}

  /** Number of elements. */
  get arity(): number {
    return this.elements.length;
  }

  /** Iterates over the elements. */
  [Symbol.iterator](): Iterator<Term> {
    return this.elements[Symbol.iterator]();
  }
}

/** The tuple `{A, B, …}`. */
export function tuple(...elements: readonly Term[]): Tuple {
  return new Tuple(elements);
}

/** A float. `-0.0` and `0.0` are different values, as in OTP 27 and later. */
export class Float {
  /** Discriminates {@link Term}. */
  get kind(): 'float' {
    return 'float';
  }

  /** @throws {EtfError} `invalid_float` for NaN and the infinities, which Erlang does not have. */
  constructor(
    /** The value, finite. */
    readonly value: number,
  ) {
    if (!Number.isFinite(value)) throw new EtfError('invalid_float', `not an Erlang float: ${value}`);
  }
}

/** A list whose last tail is not a list: `[a | b]`. */
export class ImproperList {
  /** Discriminates {@link Term}. */
  get kind(): 'improper_list' {
    return 'improper_list';
  }

  /** @throws {EtfError} `invalid_term` when there are no elements, or the tail is itself a list. */
  constructor(
    /** What stands before the bar, at least one term. */
    readonly elements: readonly Term[],
    /** What stands behind the bar: no list. */
    readonly tail: Term,
  ) {
    if (elements.length === 0) throw new EtfError('invalid_term', 'improper list without elements');
    if (Array.isArray(tail) || (typeof tail === 'object' && 'kind' in tail && tail.kind === 'improper_list'))
      throw new EtfError('invalid_term', 'the tail of an improper list may not be a list');
  }
}

/** A bit string whose length is not a multiple of eight bits: `<<5:3>>`. */
export class BitString {
  /** Discriminates {@link Term}. */
  get kind(): 'bit_string' {
    return 'bit_string';
  }

  /** @throws {EtfError} `invalid_bits` when there is no byte or `lastBits` is not 1 to 7. */
  constructor(
    /** The bytes, the last one used from its most significant bit on. */
    readonly bytes: Uint8Array,
    /** Bits used in the last byte, 1 to 7; with 8 it is a binary. */
    readonly lastBits: number,
  ) {
    if (bytes.length === 0 || !Number.isInteger(lastBits) || lastBits < 1 || lastBits > 7)
      throw new EtfError(
        'invalid_bits',
        `bit string of ${bytes.length} bytes with ${lastBits} bits in the last`,
      );
  }
}
