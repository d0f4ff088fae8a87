import type { Body } from './body.js';
import { WireError } from './errors.js';

const textEncoder = new TextEncoder();

/** Typed, bounded reading of one field after the other; every failure is a WireError `bad_field` that names the field. */
export class Fields {
  readonly #body: Body;

  constructor(body: Body) {
    this.#body = body;
  }

  /** Text of at most `bytesMax` bytes of UTF-8; not empty unless `emptyAllowed`. */
  text(name: string, bytesMax: number, emptyAllowed = false): string {
    return checkText(name, this.#body[name], bytesMax, emptyAllowed);
  }

  /** Bytes with a length of exactly `length`. */
  bytes(name: string, length: number): Uint8Array {
    const value = this.#body[name];
    if (!(value instanceof Uint8Array) || value.length !== length) throw bad(name, `${length} bytes`);
    return value;
  }

  /** At most `bytesMax` bytes. */
  bytesUpTo(name: string, bytesMax: number): Uint8Array {
    const value = this.#body[name];
    if (!(value instanceof Uint8Array) || value.length > bytesMax)
      throw bad(name, `at most ${bytesMax} bytes`);
    return value;
  }

  /** A whole number from 0 to `max` (default 2^53 - 1). */
  count(name: string, max: number = Number.MAX_SAFE_INTEGER): number {
    return checkCount(name, this.#body[name], max);
  }

  /** A boolean. */
  flag(name: string): boolean {
    const value = this.#body[name];
    if (typeof value !== 'boolean') throw bad(name, 'a boolean');
    return value;
  }

  /** An object with the field as `read` gives it, or without it where the body has none. */
  optional<const Name extends string, Value>(name: Name, read: () => Value): { [Key in Name]?: Value } {
    return this.#body[name] === undefined ? {} : ({ [name]: read() } as { [Key in Name]?: Value });
  }

  /** One of the given words. */
  oneOf<const Word extends string>(name: string, words: readonly Word[]): Word {
    const value = this.#body[name];
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) throw bad(name, `one of ${words.join(', ')}`);
    return word;
  }

  /** At most `countMax` pieces of `length` bytes each, one behind the other. */
  bytesOf(name: string, length: number, countMax: number): Uint8Array {
    const value = this.bytesUpTo(name, length * countMax);
    if (value.length % length !== 0) throw bad(name, `pieces of ${length} bytes`);
    return value;
  }

  /** A list of at most `countMax` whole numbers from 0 to 2^53 - 1. */
  counts(name: string, countMax: number): readonly number[] {
    return this.#list(name, countMax).map((value) => checkCount(name, value, Number.MAX_SAFE_INTEGER));
  }

  /** A list of at most `countMax` texts. */
  texts(name: string, countMax: number, bytesMax: number): readonly string[] {
    return this.#list(name, countMax).map((value) => checkText(name, value, bytesMax, false));
  }

  /** A list of at most `countMax` byte strings of exactly `length`. */
  bytesList(name: string, countMax: number, length: number): readonly Uint8Array[] {
    return this.#list(name, countMax).map((value) => {
      if (!(value instanceof Uint8Array) || value.length !== length)
        throw bad(name, `a list of ${length}-byte strings`);
      return value;
    });
  }

  #list(name: string, countMax: number): readonly unknown[] {
    const value = this.#body[name];
    if (!Array.isArray(value) || value.length > countMax) throw bad(name, `a list of at most ${countMax}`);
    return value;
  }
}

/** The text, or as much of it as fits into `bytesMax` bytes of UTF-8. */
export function cutText(text: string, bytesMax: number): string {
  if (text.length * 3 <= bytesMax) return text;
  const bytes = new Uint8Array(bytesMax);
  return text.slice(0, textEncoder.encodeInto(text, bytes).read);
}

function checkCount(name: string, value: unknown, max: number): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0 || number > max) {
    throw bad(name, `a whole number from 0 to ${max}`);
  }
  return number;
}

function checkText(name: string, value: unknown, bytesMax: number, emptyAllowed: boolean): string {
  const fits =
    typeof value === 'string' &&
    (emptyAllowed || value.length > 0) &&
    value.length <= bytesMax &&
    textEncoder.encode(value).length <= bytesMax;
  if (!fits) throw bad(name, `text of at most ${bytesMax} bytes`);
  return value as string;
}

function bad(name: string, expected: string): WireError {
  return new WireError('bad_field', `field "${name}" must be ${expected}`);
}
