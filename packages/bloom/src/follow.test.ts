import { createHash } from 'node:crypto';
import { runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BloomDelta,
  BloomError,
  type BloomFilter,
  CountingBloomFilter,
  encodeFilter,
  followFilter,
} from './index.js';

const element = (name: number) => createHash('sha256').update(String(name)).digest().subarray(0, 16);
const parameters = { bits: 61, hashes: 3 };

/** Everything that an origin with two lives says: whole filters and deltas, in order. */
function history(changes: readonly number[]): { filters: BloomFilter[]; deltas: BloomDelta[] } {
  const filters: BloomFilter[] = [];
  const deltas: BloomDelta[] = [];
  for (const epoch of [3, 4]) {
    const origin = new CountingBloomFilter(parameters, epoch);
    filters.push(origin.snapshot());
    const names = new Set<number>();
    for (const name of changes) {
      if (names.delete(name)) origin.remove(element(name));
      else {
        names.add(name);
        origin.add(element(name));
      }
      const delta = origin.takeDelta();
      if (delta === undefined) continue;
      deltas.push(delta);
      filters.push(origin.snapshot());
    }
  }
  return { filters, deltas };
}

const isBefore = (left: BloomFilter | undefined, right: BloomFilter | undefined): boolean =>
  left !== undefined &&
  (right === undefined ||
    left.epoch > right.epoch ||
    (left.epoch === right.epoch && left.version > right.version));

describe('a follower', () => {
  it('B6: holds nothing but states that the origin published, and never goes back, whatever is lost, doubled or late', () => {
    const changes = fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 12 });
    const order = fc.array(fc.tuple(fc.boolean(), fc.nat()), { maxLength: 40 });
    fc.assert(
      fc.property(changes, order, (names, picks) => {
        const { filters, deltas } = history(names);
        let held: BloomFilter | undefined;
        for (const [isWhole, pick] of picks) {
          const message =
            isWhole || deltas.length === 0 ? filters[pick % filters.length]! : deltas[pick % deltas.length]!;
          const { outcome, filter } = followFilter(held, message);
          expect(isBefore(held, filter)).toBe(false);
          if (outcome !== 'taken') expect(filter).toBe(held);
          if (outcome === 'old') expect(held).toBeDefined();
          if (filter !== undefined) {
            const published = filters.find(
              ({ epoch, version }) => epoch === filter.epoch && version === filter.version,
            )!;
            expect(encodeFilter(filter)).toEqual(encodeFilter(published));
          }
          held = filter;
        }
        const last = filters.at(-1)!;
        const repaired = followFilter(held, last).filter!;
        expect([repaired.epoch, repaired.version]).toEqual([last.epoch, last.version]);
      }),
      { numRuns: runsOf(process.env, 500) },
    );
  });

  it('B6: asks for the whole filter where something is missing, and keeps what it has', () => {
    const { filters, deltas } = history([1, 2, 3]);
    const [first, second] = deltas as [BloomDelta, BloomDelta];
    expect(followFilter(undefined, first)).toEqual({ outcome: 'repair', filter: undefined });
    expect(followFilter(filters[0], second)).toEqual({ outcome: 'repair', filter: filters[0] });
    expect(followFilter(filters[0], deltas.at(-1)!)).toEqual({ outcome: 'repair', filter: filters[0] });
    expect(followFilter(filters[0], first).outcome).toBe('taken');
    expect(followFilter(filters[2], first)).toEqual({ outcome: 'old', filter: filters[2] });
  });

  it('B6: an origin that contradicts itself is an error', () => {
    const { filters, deltas } = history([1]);
    const wrong = { ...deltas[0]!, parameters: { bits: 62, hashes: 3 } };
    expect(() => followFilter(filters[0], wrong)).toThrow(BloomError);
  });
});
