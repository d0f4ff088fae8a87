import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import {
  Atom,
  atom,
  decodeTerm,
  EtfError,
  encodeTerm,
  type Term,
  TermMap,
  termEquals,
  toPlain,
  tuple,
} from '../index.js';

/** `131 116 count` and the pairs, each key with an empty list as its value. */
function mapBytes(keys: readonly Uint8Array[]): Uint8Array {
  const head = Buffer.from([131, 116, 0, 0, 0, 0]);
  head.writeUInt32BE(keys.length, 2);
  const nil = Uint8Array.of(106);
  return new Uint8Array(Buffer.concat([head, ...keys.flatMap((key) => [key, nil])]));
}

function mapOf(bytes: Uint8Array): TermMap {
  return decodeTerm(bytes) as TermMap;
}

/** The keys of every `Map` entry that `run` makes. */
function mapKeysIn(run: () => unknown): unknown[] {
  const keys: unknown[] = [];
  const original = Map.prototype.set;
  const spy = vi.spyOn(Map.prototype, 'set').mockImplementation(function (
    this: Map<unknown, unknown>,
    key,
    value,
  ) {
    keys.push(key);
    return original.call(this, key, value);
  });
  try {
    run();
  } finally {
    spy.mockRestore();
  }
  return keys;
}

describe('maps whose keys are made to collide', () => {
  it('of integers: none is hashed as a number, for which JavaScript has no seed', () => {
    const keys = Array.from({ length: 5_000 }, (_, index) => encodeTerm(index * 16_384).subarray(1));
    let map = new TermMap();
    const hashed = mapKeysIn(() => {
      map = mapOf(mapBytes(keys));
    });
    expect(map.size).toBe(5_000);
    expect(map.get(4_999 * 16_384)).toEqual([]);
    expect(hashed).toHaveLength(5_000);
    expect(hashed.every((key) => typeof key === 'string')).toBe(true);
  });

  it.each([
    ['binaries', (bytes: Uint8Array): Term => bytes],
    ['tuples', (bytes: Uint8Array): Term => tuple(bytes)],
    ['bignums', (bytes: Uint8Array): Term => BigInt(`0x1${Buffer.from(bytes).toString('hex')}`)],
  ])('of long %s: none is hashed by its length alone', (_, termOf) => {
    const terms = Array.from({ length: 100 }, (_, index) => {
      const bytes = new Uint8Array(20_000).fill(120);
      bytes[19_999] = index;
      return termOf(bytes);
    });
    let map = new TermMap();
    const hashed = mapKeysIn(() => {
      map = mapOf(mapBytes(terms.map((term) => encodeTerm(term).subarray(1))));
    });
    expect(hashed.filter((key) => !(typeof key === 'string' && key.length <= 8_192))).toEqual([]);
    expect(new Set(hashed).size).toBe(100);
    for (const term of terms) expect(map.has(term)).toBe(true);
    expect(termEquals(terms[0]!, terms[1]!)).toBe(false);
    expectCode(
      () => decodeTerm(mapBytes([...terms, terms[7]!].map((term) => encodeTerm(term).subarray(1)))),
      'duplicate_key',
    );
  });

  it('of long text become no properties', () => {
    const map = decodeTerm(mapBytes([encodeTerm(new Uint8Array(8_193).fill(97)).subarray(1)]));
    expectCode(() => toPlain(map), 'invalid_term');
    expectCode(() => toPlain(map, { maps: 'map' }), 'invalid_term');
  });

  it('of 32 binaries are compared without an index, and only where they are short', () => {
    const short = Array.from({ length: 32 }, (_, index) => new Uint8Array(64).fill(7, 0, 63).fill(index, 63));
    expect(mapKeysIn(() => decodeTerm(mapBytes(short.map((term) => encodeTerm(term).subarray(1)))))).toEqual(
      [],
    );
    const long = short.map((bytes) => Uint8Array.of(...bytes, 1));
    expect(
      mapKeysIn(() => decodeTerm(mapBytes(long.map((term) => encodeTerm(term).subarray(1))))),
    ).toHaveLength(32);
  });
});

describe('huge bignums', () => {
  it('of 512 KiB become one BigInt of one text, and back one text', () => {
    const bytes = new Uint8Array(7 + 524_288).fill(255);
    bytes.set([131, 111, 0, 8, 0, 0, 1]);
    const texts: number[] = [];
    const original = globalThis.BigInt;
    globalThis.BigInt = new Proxy(original, {
      apply(target, self, parts: [string]) {
        texts.push(String(parts[0]).length);
        return Reflect.apply(target, self, parts);
      },
    });
    let value: Term;
    try {
      value = decodeTerm(bytes);
    } finally {
      globalThis.BigInt = original;
    }
    expect(texts).toEqual([2 + 2 * 524_288]);
    expect(value === -(2n ** 4_194_304n) + 1n).toBe(true);
    const printed = vi.spyOn(BigInt.prototype, 'toString');
    const again = encodeTerm(value);
    expect(printed).toHaveBeenCalledTimes(1);
    printed.mockRestore();
    expect(Buffer.compare(again, bytes)).toBe(0);
  });

  it('as keys are not turned into decimal digits, which would cost the square of their length', () => {
    const value = 3n ** 10_000n;
    const bases: (number | undefined)[] = [];
    const original = BigInt.prototype.toString;
    const spy = vi.spyOn(BigInt.prototype, 'toString').mockImplementation(function (
      this: bigint,
      base?: number,
    ) {
      bases.push(base);
      return original.call(this, base);
    });
    const map = new TermMap(
      Array.from({ length: 40 }, (_, index) => [value + BigInt(index), index] as const),
    );
    expect([map.get(value + 39n), map.get(-value)]).toEqual([39, undefined]);
    expect(bases.every((base) => base === 16)).toBe(true);
    spy.mockRestore();
    expectCode(() => toPlain(map), 'invalid_term');
  });

  it('of more are refused by their length, before a digit is read', () => {
    expectCode(() => decodeTerm(Uint8Array.of(131, 111, 0, 8, 0, 1, 0)), 'integer_too_large');
    expectCode(
      () => decodeTerm(Uint8Array.of(131, 110, 255, 0), { integerBytesMax: 254 }),
      'integer_too_large',
    );
  });
});

describe('claims', () => {
  it('of many elements make no room for them before they are there', () => {
    const lengths: number[] = [];
    const original = globalThis.Array;
    globalThis.Array = new Proxy(original, {
      construct(target, parts, newTarget) {
        if (typeof parts[0] === 'number') lengths.push(parts[0]);
        return Reflect.construct(target, parts, newTarget);
      },
    });
    try {
      for (const tag of [105, 108, 116]) {
        // Nested, each claiming nearly all bytes that follow.
        const bytes = new Uint8Array(10_000).fill(106);
        bytes[0] = 131;
        for (let at = 1; at + 5 < 2_000; at += 5) {
          const claimed = Math.floor((bytes.length - at - 5) / 2);
          bytes.set([tag, 0, 0, claimed >> 8, claimed & 255], at);
        }
        expectCode(() => decodeTerm(bytes), /truncated|too_deep/);
      }
    } finally {
      globalThis.Array = original;
    }
    expect(Math.max(0, ...lengths)).toBeLessThanOrEqual(256);
  });

  it('are counted together: nested lists that all claim the same bytes are too many elements', () => {
    const bytes = new Uint8Array(20_000).fill(106);
    bytes[0] = 131;
    for (let at = 1; at + 5 < 2_500; at += 5) bytes.set([108, 0, 0, 0x40, 0], at);
    expectCode(() => decodeTerm(bytes), /too_many_elements|truncated/);
    expectCode(() => decodeTerm(bytes, { elementsMax: 0x4000 * 3 }), 'too_many_elements');
  });
});

describe('a flood of atoms', () => {
  it('leaves nothing behind but the last thousand', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const settled = async (): Promise<number> => {
      for (let round = 0; round < 5; round++) {
        // Weak references last until the job ends in which they were read, and finalizers are jobs of their own.
        await setImmediate();
        collect();
      }
      return process.memoryUsage().heapUsed;
    };
    const flood = (from: number): void => {
      for (let index = from; index < from + 50_000; index += 100) {
        const names = Array.from({ length: 100 }, (_, offset) =>
          Buffer.from(`flood_of_atoms_${index + offset}`),
        );
        const bytes = Buffer.concat([
          Buffer.from([131, 108, 0, 0, 0, 100]),
          ...names.flatMap((name) => [Buffer.from([119, name.length]), name]),
          Buffer.from([106]),
        ]);
        decodeTerm(bytes);
      }
    };
    flood(0);
    const before = await settled();
    for (let round = 1; round <= 4; round++) {
      flood(round * 50_000);
      await settled();
    }
    // 200,000 atoms that stay would be more than 40 MB.
    expect((await settled()) - before).toBeLessThan(4_000_000);
    expect(atom('flood_of_atoms_7')).toBeInstanceOf(Atom);
  });
});

function expectCode(run: () => unknown, code: string | RegExp): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof EtfError)) throw error;
    expect(error.code).toMatch(code);
    return;
  }
  throw new Error('no error');
}
