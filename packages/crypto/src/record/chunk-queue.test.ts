import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hex, join, propertyRuns } from '../../test/support.js';
import { ChunkQueue } from './chunk-queue.js';
import { coalesceBytesMax } from './limits.js';

const action = fc.oneof(
  fc.record({
    kind: fc.constant('push' as const),
    size: fc.constantFrom(0, 1, 3, 500, 4095, 4096, 4097, 5000),
  }),
  fc.record({ kind: fc.constant('take' as const), size: fc.nat(9000) }),
  fc.record({ kind: fc.constant('takeJoined' as const), size: fc.nat(30) }),
);

test('gives back exactly the bytes pushed, in order, whatever the boundaries', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const queue = new ChunkQueue();
      let model = Buffer.alloc(0);
      let next = 0;
      const given: { readonly expected: string; readonly parts: Uint8Array[] }[] = [];
      for (const { kind, size } of actions) {
        if (kind === 'push') {
          const chunk = Uint8Array.from({ length: size }, () => next++ % 251);
          model = Buffer.concat([model, chunk]);
          queue.push(chunk);
        } else {
          const bytes = Math.min(size, queue.length);
          const parts = kind === 'take' ? queue.take(bytes) : [queue.takeJoined(bytes)];
          const expected = hex(model.subarray(0, bytes));
          expect(hex(join(parts))).toBe(expected);
          given.push({ expected, parts });
          model = model.subarray(bytes);
        }
        expect(queue.length).toBe(model.length);
      }
      // What was handed out stays as it was, although buffers are shared.
      for (const { parts, expected } of given) expect(hex(join(parts))).toBe(expected);
    }),
    propertyRuns,
  );
});

test('single bytes are collected into few pieces', () => {
  const queue = new ChunkQueue();
  for (let index = 0; index < 65536; index++) queue.push(Uint8Array.of(index));
  const pieces = queue.take(65536);
  expect(pieces.length).toBe(4);
  expect(hex(join(pieces))).toBe(hex(Uint8Array.from({ length: 65536 }, (_, index) => index)));
});

test('large chunks are not copied', () => {
  const queue = new ChunkQueue();
  const chunk = new Uint8Array(coalesceBytesMax);
  queue.push(chunk);
  expect(queue.take(10)[0]!.buffer).toBe(chunk.buffer);
});

test('a cleared queue is empty and usable', () => {
  const queue = new ChunkQueue();
  queue.push(Uint8Array.of(1, 2));
  queue.clear();
  expect(queue.length).toBe(0);
  queue.push(Uint8Array.of(3));
  expect(hex(queue.takeJoined(1))).toBe('03');
});
