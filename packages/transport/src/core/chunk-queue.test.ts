import { runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChunkQueue } from './chunk-queue.js';

test('what is peeked, shifted and dropped is what was pushed', () => {
  const scratch = new Uint8Array(5000);
  const step = fc.oneof(
    fc.record({ kind: fc.constant('push' as const), length: fc.integer({ min: 0, max: 9000 }) }),
    fc.record({ kind: fc.constant('peek' as const), length: fc.integer({ min: 1, max: 5000 }) }),
    fc.record({ kind: fc.constant('shift' as const), length: fc.integer({ min: 1, max: 5000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new ChunkQueue();
      let model = Buffer.alloc(0);
      let next = 0;
      for (const { kind, length } of steps) {
        if (kind === 'push') {
          const chunk = Uint8Array.from({ length }, () => next++ & 0xff);
          queue.push(chunk);
          model = Buffer.concat([model, chunk]);
        } else if (kind === 'peek') {
          const seen = queue.peek(length, scratch);
          expect(Buffer.compare(seen, model.subarray(0, seen.length))).toBe(0);
          if (model.length > 0) expect(seen.length).toBeGreaterThan(0);
          const taken = Math.floor(seen.length / 2);
          queue.drop(taken);
          model = model.subarray(taken);
        } else {
          const seen = queue.shift(length) ?? new Uint8Array(0);
          expect(seen.length).toBeLessThanOrEqual(length);
          expect(Buffer.compare(seen, model.subarray(0, seen.length))).toBe(0);
          model = model.subarray(seen.length);
        }
        expect(queue.bytes).toBe(model.length);
      }
    }),
    { numRuns: runsOf(process.env, 200) },
  );
});
