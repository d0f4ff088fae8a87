import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenBucket } from './token-bucket.js';

describe('a token bucket', () => {
  it('gives its burst at once, then so many per second, and says when', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 0);
    expect([1, 2, 3].map(() => bucket.take(1, 0))).toEqual([0, 0, 0]);
    expect(bucket.take(1, 0)).toBe(100);
    expect(bucket.take(1, 99)).toBeCloseTo(1);
    expect(bucket.take(1, 100)).toBe(0);
    expect(bucket.fullAtMs).toBe(400);
    expect(bucket.has(1, 150)).toBe(false);
    expect(bucket.has(1, 200)).toBe(true);
  });

  it('lends, and says when the debt is paid', () => {
    const bucket = new TokenBucket({ perSecond: 1000, burst: 100 }, 0);
    expect(bucket.spend(100, 0)).toBe(0);
    expect(bucket.spend(500, 0)).toBe(500);
    expect(bucket.spend(0, 400)).toBe(100);
    expect(bucket.spend(0, 500)).toBe(0);
  });

  it('gives back no more than it holds, and keeps what is missing when it is resized', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 10 }, 0);
    bucket.give(5, 0);
    expect(bucket.take(11, 0)).toBe(1000);
    bucket.take(4, 0);
    bucket.resize({ perSecond: 1, burst: 20 }, 0);
    expect(bucket.take(16, 0)).toBe(0);
    expect(bucket.take(1, 0)).toBe(1000);
  });

  it('never gives more than burst and rate, however it is asked', () => {
    const asks = fc.array(fc.tuple(fc.nat({ max: 500 }), fc.integer({ min: 1, max: 5 })), { maxLength: 200 });
    fc.assert(
      fc.property(asks, (steps) => {
        const bucket = new TokenBucket({ perSecond: 20, burst: 7 }, 0);
        let nowMs = 0;
        let taken = 0;
        for (const [waitMs, tokens] of steps) {
          nowMs += waitMs;
          if (bucket.take(tokens, nowMs) === 0) taken += tokens;
          expect(taken).toBeLessThanOrEqual(7 + (nowMs / 1000) * 20 + 1e-6);
        }
      }),
    );
  });
});
