import { describe, expect, it } from 'vitest';
import { Pair } from '../../test/pair.js';
import { GrowingBound } from './growing-bound.js';
import { RingBudget } from './ring-budget.js';

const kib = 1024;
const mib = 1024 * kib;

/** Bytes flow at a rate for a second, observed every 5 ms. */
function flow(bound: GrowingBound, bytesPerMs: number, rttMs: number): void {
  for (let ms = 0; ms <= 1000; ms += 5) bound.observe(ms * bytesPerMs, rttMs, ms);
}

describe('a growing bound', () => {
  it('begins with 256 KiB and holds two to four bandwidth-delay products', () => {
    for (const [bytesPerMs, rttMs, wanted] of [
      [125, 20, 256 * kib], // 1 Mbit/s: a longer queue would only be slower
      [12_500, 20, mib], // 100 Mbit/s: 312 kB in 25 ms
      [12_500, 100, 4 * mib], // the same, far away: 1.25 MB
      [40_000, 1, 2 * mib], // two busy processes on one machine
    ] as const) {
      const bound = new GrowingBound(4 * mib, undefined);
      expect(bound.bytes).toBe(256 * kib);
      flow(bound, bytesPerMs, rttMs);
      expect([bytesPerMs, rttMs, bound.bytes]).toEqual([bytesPerMs, rttMs, wanted]);
    }
  });

  it('never passes its maximum, nor a pause in the flow for its rate', () => {
    const bound = new GrowingBound(300 * kib, undefined);
    flow(bound, 100_000, 100);
    expect(bound.bytes).toBe(300 * kib);
    const idle = new GrowingBound(4 * mib, undefined);
    idle.observe(0, 20, 0);
    idle.observe(10 * mib, 20, 3_600_000);
    expect(idle.bytes).toBe(256 * kib);
  });
});

describe('the ring budget', () => {
  it('bounds all tunnels together, but for the least that each one gets', () => {
    const budget = new RingBudget(mib);
    const bounds = Array.from({ length: 3 }, () => new GrowingBound(4 * mib, budget));
    expect(budget.usedBytes).toBe(768 * kib);
    flow(bounds[0]!, 100_000, 100);
    expect(bounds[0]!.bytes).toBe(512 * kib);
    flow(bounds[1]!, 100_000, 100);
    expect(bounds[1]!.bytes).toBe(256 * kib);
    expect(new GrowingBound(4 * mib, budget).bytes).toBe(64 * kib);
    bounds[0]!.release();
    bounds[0]!.release();
    expect(budget.usedBytes).toBe(512 * kib + 64 * kib);
    flow(bounds[0]!, 100_000, 100);
    expect(bounds[0]!.bytes).toBe(512 * kib);
  });

  it('has everything back when the tunnels have ended', () => {
    const ringBudget = new RingBudget();
    const pair = Pair.up({ ringBudget }, { ringBudget });
    expect(ringBudget.usedBytes).toBe(4 * 256 * kib);
    pair.initiator.tunnel.end('ok', '', pair.nowMs);
    pair.settle();
    expect(ringBudget.usedBytes).toBe(0);
  });
});
