import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTerm, encodeTerm } from '../index.js';

describe('integers', () => {
  // Every length in bytes at which something changes, from both sides.
  const edges = [8, 16, 31, 32, 40, 48, 52, 53, 56, 63, 64, 65, 72, 2040, 2048].flatMap((bits) => {
    const power = 2n ** BigInt(bits);
    return [power - 1n, power, power + 1n, -power - 1n, -power, 1n - power];
  });
  it.each(edges)('%s is read as it was written', (value) => {
    const bytes = encodeTerm(value);
    const read = decodeTerm(bytes);
    expect(BigInt(read as number | bigint)).toBe(value);
    expect(typeof read).toBe(Number.isSafeInteger(Number(value)) ? 'number' : 'bigint');
    expect(encodeTerm(read)).toEqual(bytes);
    if (typeof read === 'number') expect(encodeTerm(read)).toEqual(encodeTerm(value));
  });

  it('have the digits that a division by 256 gives, whatever they are', () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.bigInt()), (value) => {
        const digits: number[] = [];
        for (let rest = BigInt(value) < 0n ? -BigInt(value) : BigInt(value); rest > 0n; rest >>= 8n)
          digits.push(Number(rest & 255n));
        const big = [131, 110, digits.length, value < 0 ? 1 : 0, ...digits];
        expect(decodeTerm(Uint8Array.from(big))).toBe(
          Number.isSafeInteger(Number(value)) ? Number(value) : value,
        );
        if (digits.length > 4) expect([...encodeTerm(value)]).toEqual(big);
      }),
    );
  });

  it('of zero are zero, without a sign', () => {
    for (const bytes of [
      [131, 110, 0, 1],
      [131, 110, 3, 1, 0, 0, 0],
      [131, 110, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ])
      expect(Object.is(decodeTerm(Uint8Array.from(bytes)), 0)).toBe(true);
    expect([...encodeTerm(-0)]).toEqual([131, 97, 0]);
  });
});
