import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SeenIds } from './seen-ids.js';

test('knows what was added and nothing else, in any order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(60)), (sequences) => {
      const ids = new SeenIds();
      const model = new Set<number>();
      for (const sequence of sequences) {
        ids.add(sequence);
        model.add(sequence);
        for (let n = 0; n <= 61; n++) expect(ids.has(n)).toBe(model.has(n));
      }
    }),
  );
});

test('keeps nothing for the streams of a peer that never uses its first one', () => {
  const ids = new SeenIds();
  for (let sequence = 1; sequence < 100_000; sequence++) ids.add(sequence);
  expect(ids.has(0)).toBe(false);
  expect(ids.size).toBe(1);
});
