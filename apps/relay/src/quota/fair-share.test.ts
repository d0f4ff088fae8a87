import { describe, expect, it } from 'vitest';
import { shareBurstMs, shareOfTime, shareTurnMsMax, shareWaitingMax } from '../limits.js';
import { FairShare } from './fair-share.js';

/** A share whose clock the test moves. */
class Clock {
  readonly done: string[] = [];
  nowMs = 1000;
  readonly #wakes: { readonly atMs: number; readonly go: () => void }[] = [];
  readonly #share = new FairShare({
    nowMs: () => this.nowMs,
    wakeAfter: (ms, go) => {
      this.#wakes.push({ atMs: this.nowMs + ms, go });
      this.#wakes.sort((a, b) => a.atMs - b.atMs);
    },
  });

  get isAwaited(): boolean {
    return this.#wakes.length > 0;
  }

  run(party: string, costMs: number, what = party): void {
    this.start(party, costMs, () => this.done.push(what));
  }

  start(party: string, costMs: number, work: () => void, isOver?: () => boolean): boolean {
    return this.#share.run(party, { costMs, work, ...(isOver && { isOver }) });
  }

  /** The next wake. */
  step(): void {
    const { atMs, go } = this.#wakes.shift()!;
    this.nowMs = Math.max(this.nowMs, atMs);
    go();
  }

  /** Goes on until nothing is waited for, or this long. */
  pass(ms = Number.POSITIVE_INFINITY): void {
    const untilMs = this.nowMs + ms;
    while (this.#wakes[0] !== undefined && this.#wakes[0].atMs <= untilMs) {
      const { atMs, go } = this.#wakes.shift()!;
      this.nowMs = Math.max(this.nowMs, atMs);
      go();
    }
    this.nowMs = Number.isFinite(untilMs) ? untilMs : this.nowMs;
  }
}

/** What a party may do at once. */
const burstCostMs = shareBurstMs * shareOfTime;

describe('work in shares of time', () => {
  it('is done at once while little was done', () => {
    const clock = new Clock();
    clock.run('a', burstCostMs / 10);
    clock.run('a', burstCostMs / 10);
    expect(clock.done).toEqual(['a', 'a']);
    clock.pass();
    expect(clock.isAwaited).toBe(false);
  });

  it('of one party is done in order, at its share, and others go between', () => {
    const clock = new Clock();
    for (let count = 0; count < 100; count++) clock.run('a', burstCostMs, `a${count}`);
    clock.run('b', burstCostMs);
    expect(clock.done).toEqual(['a0', 'a1', 'b']);
    const startMs = clock.nowMs;
    clock.pass(50 * shareBurstMs);
    expect(clock.done.length).toBeGreaterThan(50);
    expect(clock.done.length).toBeLessThan(56);
    clock.pass();
    expect(clock.done.filter((what) => what !== 'b')).toEqual(
      Array.from({ length: 100 }, (_, index) => `a${index}`),
    );
    expect((100 * burstCostMs) / (clock.nowMs - startMs)).toBeLessThanOrEqual(shareOfTime * 1.02);
  });

  it('that comes while some waits goes behind it', () => {
    const clock = new Clock();
    for (const what of ['a1', 'a2', 'a3']) clock.run('a', burstCostMs, what);
    clock.pass(shareBurstMs);
    clock.run('a', 0, 'a4');
    clock.pass();
    expect(clock.done).toEqual(['a1', 'a2', 'a3', 'a4']);
  });

  it('costs its own party however dear it is, and nobody waits for another', () => {
    const clock = new Clock();
    clock.run('a', 1000 * burstCostMs, 'dear');
    clock.run('a', 0, 'late');
    clock.run('b', 0);
    expect(clock.done).toEqual(['dear', 'b']);
    clock.pass(998 * shareBurstMs);
    expect(clock.done).not.toContain('late');
    clock.pass(2 * shareBurstMs);
    expect(clock.done).toContain('late');
    clock.pass();
    expect(clock.isAwaited).toBe(false);
  });

  it('is charged for what it took, where that is more, and others have their turn meanwhile', () => {
    const clock = new Clock();
    const slow = (): void => {
      clock.nowMs += 20 * burstCostMs;
      clock.done.push('slow');
    };
    for (let count = 0; count < 10; count++) clock.start('a', 0, slow);
    expect(clock.done).toEqual(['slow']);
    clock.run('b', 0);
    expect(clock.done).toEqual(['slow', 'b']);
    clock.pass(16 * shareBurstMs);
    expect(clock.done).toEqual(['slow', 'b']);
    clock.pass();
    expect(clock.done.filter((what) => what === 'slow')).toHaveLength(10);
  });

  it('of many parties that wait is bounded in each turn', () => {
    const clock = new Clock();
    const work = (): void => {
      clock.nowMs += 1;
      clock.done.push('work');
    };
    for (let party = 0; party < 20; party++) {
      clock.start(`${party}`, burstCostMs, () => undefined);
      clock.start(`${party}`, burstCostMs, () => undefined);
      clock.start(`${party}`, 0, work);
    }
    expect(clock.done).toEqual([]);
    clock.step();
    expect(clock.done.length).toBeGreaterThan(0);
    expect(clock.done.length).toBeLessThanOrEqual(shareTurnMsMax);
    clock.pass();
    expect(clock.done).toHaveLength(20);
  });

  it('that nobody waits for any more is left out, and costs nothing', () => {
    const clock = new Clock();
    for (let count = 0; count < 2; count++) clock.run('a', burstCostMs, 'first');
    for (let count = 0; count < 5000; count++)
      clock.start(
        'a',
        burstCostMs,
        () => clock.done.push('dead'),
        () => true,
      );
    clock.run('a', 0, 'alive');
    clock.pass(2 * shareBurstMs);
    expect(clock.done).toEqual(['first', 'first', 'alive']);
  });

  it('is not taken when too much waits', () => {
    const clock = new Clock();
    let taken = 0;
    while (clock.start('a', 1, () => undefined)) taken++;
    expect(taken).toBeGreaterThan(shareWaitingMax);
    expect(taken).toBeLessThan(shareWaitingMax + 10);
    expect(clock.start('b', 1, () => undefined)).toBe(true);
  });
});
