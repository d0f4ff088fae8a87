import { createHash } from 'node:crypto';
import { heldBytes, mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyDelta,
  BloomError,
  CountingBloomFilter,
  decodeDelta,
  decodeFilter,
  encodeDelta,
  encodeFilter,
} from './index.js';

const element = (name: number) => createHash('sha256').update(String(name)).digest().subarray(0, 16);
const parameters = { bits: 61, hashes: 3 };

/** Some states of a filter, and the deltas between them, as bytes. */
function published(): { filters: Uint8Array[]; deltas: Uint8Array[] } {
  const origin = new CountingBloomFilter(parameters, 7);
  const filters = [encodeFilter(origin.snapshot())];
  const deltas: Uint8Array[] = [];
  for (let name = 0; name < 6; name++) {
    origin.add(element(name));
    if (name % 3 === 2) origin.remove(element(name - 1));
    const delta = origin.takeDelta();
    if (delta !== undefined) deltas.push(encodeDelta(delta));
    filters.push(encodeFilter(origin.snapshot()));
  }
  return { filters, deltas };
}

const { filters, deltas } = published();
const recipe = fc.uint8Array({ minLength: 1, maxLength: 24 });
const runs = { numRuns: runsOf(process.env, 3000) };

describe('mutated bytes', () => {
  it('of a filter are a filter, and exactly its encoding, or a BloomError', () => {
    fc.assert(
      fc.property(fc.constantFrom(...filters), fc.constantFrom(...filters), recipe, (valid, other, how) => {
        const mutated = mutate(valid, other, how);
        const filter = decoded(() => decodeFilter(mutated));
        if (filter === undefined) return;
        expect(filter.bitmap().length).toBeLessThanOrEqual(mutated.length);
        expect(encodeFilter(filter)).toEqual(mutated);
      }),
      runs,
    );
  });

  it('of a delta are a delta, and exactly its encoding, or a BloomError; and so is applying it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...deltas), fc.constantFrom(...deltas), recipe, (valid, other, how) => {
        const mutated = mutate(valid, other, how);
        const delta = decoded(() => decodeDelta(mutated));
        if (delta === undefined) return;
        expect(heldBytes(delta)).toBeLessThanOrEqual(mutated.length);
        expect(encodeDelta(delta)).toEqual(mutated);
        for (const bytes of filters) {
          const before = decodeFilter(bytes);
          const after = decoded(() => applyDelta(before, delta));
          expect(encodeFilter(before)).toEqual(bytes);
          if (after !== undefined) expect(after.version).toBe(delta.version);
        }
      }),
      runs,
    );
  });
});

/** Undefined where it is refused as it should be. */
function decoded<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(BloomError);
    return undefined;
  }
}
