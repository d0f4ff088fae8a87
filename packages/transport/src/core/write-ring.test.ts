import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bulkQuantumBytes } from '../limits.js';
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

/** A ring, and rounds in which each write takes at most so many bytes, of all together at most `capacity`. */
function ringOf(...streams: StreamCore[]) {
  const ring = new WriteRing<StreamCore>();
  for (const each of streams) ring.add(each);
  const order: number[] = [];
  const got = new Map<number, number>();
  let written = 0;
  const blocked = new Set<number>();
  const round = ({
    bytesMax = 1_000_000,
    failuresMax = 64,
    capacity = Number.POSITIVE_INFINITY,
    pieceBytes = bulkQuantumBytes,
  } = {}): number[] => {
    order.length = 0;
    let left = capacity;
    ring.round(
      (each, streamBytesMax): WriteOutcome => {
        order.push(each.id);
        if (blocked.has(each.id)) return 'blocked';
        const wanted = Math.min(streamBytesMax, pieceBytes, each.bufferedBytes);
        const count = Math.min(wanted, left);
        left -= count;
        written += count;
        got.set(each.id, (got.get(each.id) ?? 0) + count);
        each.sent(count);
        if (count < wanted) return 'exhausted';
        return each.bufferedBytes > 0 ? 'more' : 'empty';
      },
      () => written,
      { bytesMax, failuresMax },
    );
    return [...order];
  };
  return { ring, round, blocked, got };
}

const turn = bulkQuantumBytes;

test('control goes first and until it is empty, then bulk has turns of a quantum', () => {
  const { ring, round } = ringOf(
    stream(1, 'bulk', 3 * turn),
    stream(2, 'control', 3 * turn),
    stream(3, 'bulk', 2 * turn),
  );
  expect(round()).toEqual([2, 2, 2, 1, 3, 1, 3, 1]);
  expect(ring.isReady).toBe(false);
});

test('a turn is a quantum however small the pieces', () => {
  const { round } = ringOf(stream(1, 'bulk', 2 * turn), stream(2, 'bulk', turn));
  expect(round({ pieceBytes: turn / 2 })).toEqual([1, 1, 2, 2, 1, 1]);
});

test('a round ends at its bytes of bulk, and the next one goes on with the rest of that turn; control is never held back', () => {
  const { ring, round, got } = ringOf(stream(1, 'bulk', 9 * turn), stream(2, 'bulk', 9 * turn));
  expect(round({ bytesMax: 2.5 * turn })).toEqual([1, 2, 1]);
  ring.add(stream(3, 'control', 5 * turn));
  expect(round({ bytesMax: 2 * turn })).toEqual([3, 3, 3, 3, 3, 1, 2, 1]);
  expect([got.get(1), got.get(2)]).toEqual([2.5 * turn, 2 * turn]);
});

test('when the protocol takes nothing more, whose turn it is keeps it, and nothing is tried before something has changed', () => {
  const { ring, round, got } = ringOf(stream(1, 'bulk', 9 * turn), stream(2, 'bulk', 9 * turn));
  // Acknowledgements that make room for less than a turn each: with the turn begun anew every time the second one would never have its own.
  for (let part = 0; part < 4; part++) {
    expect(round({ capacity: turn / 4 })).toEqual(part === 3 ? [1, 2] : [1]);
    expect(ring.isReady).toBe(false);
    expect(round()).toEqual([]);
    ring.unblock();
  }
  expect(round({ capacity: turn / 4 })).toEqual([2]);
  expect([got.get(1), got.get(2)]).toEqual([turn, turn / 4]);
});

test('a stream that is blocked by itself costs the others nothing', () => {
  const { ring, round, blocked } = ringOf(stream(1, 'bulk', 2 * turn), stream(2, 'bulk', 2 * turn));
  blocked.add(1);
  expect(round({ capacity: turn / 2 })).toEqual([1, 2]);
  blocked.clear();
  ring.unblock();
  expect(round({ capacity: turn })).toEqual([2, 1]);
});

test('streams that always have output get the same within a quantum, whatever room there is; one that was idle waits for one round at most', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 100 }),
      fc.array(
        fc.record({
          capacity: fc.integer({ min: 0, max: 6 * turn }),
          bytesMax: fc.integer({ min: 1, max: 6 * turn }),
          pieceBytes: fc.integer({ min: 1000, max: 2 * turn }),
          wakes: fc.boolean(),
        }),
        { minLength: 20, maxLength: 200 },
      ),
      (count, rounds) => {
        const backlogged = Array.from({ length: count }, (_, id) => stream(id, 'bulk', 100 * turn));
        const { ring, round, got } = ringOf(...backlogged);
        const idle = new StreamCore(owner, -1, 'bulk');
        let others = 0;
        let waitedFrom: number | undefined;
        for (const { wakes, ...limits } of rounds) {
          if (wakes && !idle.hasOutput) {
            idle.write(Buffer.alloc(100));
            ring.add(idle);
            waitedFrom = others;
          }
          ring.unblock();
          round({ ...limits, failuresMax: 64 });
          const amounts = backlogged.map(({ id }) => got.get(id) ?? 0);
          others = amounts.reduce((sum, bytes) => sum + bytes, 0);
          expect(Math.max(...amounts) - Math.min(...amounts)).toBeLessThanOrEqual(turn);
          if (idle.hasOutput) expect(others - waitedFrom!).toBeLessThanOrEqual(count * turn);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('a blocked stream is tried once, and again when something has changed', () => {
  const { ring, round, blocked } = ringOf(
    stream(1, 'bulk', 2 * turn),
    stream(2, 'bulk', 2 * turn),
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
  expect(round({ failuresMax: 2 })).toEqual([1, 2]);
  expect(ring.isReady).toBe(true);
  expect(round({ failuresMax: 2 })).toEqual([3, 4]);
});

test('a stream that becomes control overtakes', () => {
  const late = stream(2, 'bulk', 10);
  const { ring, round } = ringOf(stream(1, 'bulk', 10), late);
  late.priority = 'control';
  ring.move(late);
  expect(round()).toEqual([2, 1]);
});
