import { expect, test } from 'vitest';
import type { StreamPriority } from '../transport.js';
import { StreamCore, type StreamOwner } from './stream-core.js';
import { type WriteOutcome, WriteRing } from './write-ring.js';

const owner: StreamOwner<StreamCore> = {
  streamWantsWrite: () => {},
  streamWantsRead: () => {},
  streamWasReset: () => {},
  streamPriorityChanged: () => {},
};

function stream(id: number, priority: StreamPriority, bytes: number): StreamCore {
  const made = new StreamCore(owner, id, priority);
  made.write(Buffer.alloc(bytes));
  return made;
}

/** A ring, and rounds in which each write takes at most 10 bytes. */
function ringOf(...streams: StreamCore[]) {
  const ring = new WriteRing<StreamCore>();
  for (const each of streams) ring.add(each);
  const order: number[] = [];
  let written = 0;
  const blocked = new Set<number>();
  const round = (bytesMax = 1000, failuresMax = 64): number[] => {
    order.length = 0;
    ring.round(
      (each): WriteOutcome => {
        order.push(each.id);
        if (blocked.has(each.id)) return 'blocked';
        const count = Math.min(10, each.bufferedBytes);
        written += count;
        each.sent(count);
        return each.bufferedBytes > 0 ? 'more' : 'empty';
      },
      () => written,
      { bytesMax, failuresMax },
    );
    return [...order];
  };
  return { ring, round, blocked };
}

test('control goes first and until it is empty, then bulk has turns of one write', () => {
  const { ring, round } = ringOf(stream(1, 'bulk', 30), stream(2, 'control', 30), stream(3, 'bulk', 20));
  expect(round()).toEqual([2, 2, 2, 1, 3, 1, 3, 1]);
  expect(ring.isReady).toBe(false);
});

test('a round ends at its bytes of bulk, and the next one goes on with whose turn it is; control is never held back', () => {
  const { ring, round } = ringOf(stream(1, 'bulk', 100), stream(2, 'bulk', 100));
  expect(round(30)).toEqual([1, 2, 1]);
  ring.add(stream(3, 'control', 50));
  expect(round(20)).toEqual([3, 3, 3, 3, 3, 2, 1]);
});

test('a blocked stream is tried once, and again when something has changed', () => {
  const { ring, round, blocked } = ringOf(
    stream(1, 'bulk', 20),
    stream(2, 'bulk', 20),
    stream(3, 'control', 10),
  );
  blocked.add(1).add(3);
  expect(round()).toEqual([3, 1, 2, 2]);
  expect(ring.isReady).toBe(false);
  blocked.clear();
  ring.unblock();
  expect(round()).toEqual([3, 1, 1]);
});

test('a round comes across so many blocked streams and no more', () => {
  const { ring, round, blocked } = ringOf(...[1, 2, 3, 4].map((id) => stream(id, 'bulk', 10)));
  for (const id of [1, 2, 3, 4]) blocked.add(id);
  expect(round(1000, 2)).toEqual([1, 2]);
  expect(ring.isReady).toBe(true);
  expect(round(1000, 2)).toEqual([3, 4]);
});

test('a stream that becomes control overtakes', () => {
  const late = stream(2, 'bulk', 10);
  const { ring, round } = ringOf(stream(1, 'bulk', 10), late);
  late.priority = 'control';
  ring.move(late);
  expect(round()).toEqual([2, 1]);
});
