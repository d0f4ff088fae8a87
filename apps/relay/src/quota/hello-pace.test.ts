import { SeededRandom, seedsOf, withReplayHint } from '@macula/testkit';
import { describe, expect, it } from 'vitest';
import {
  busyRetryMsMax,
  handshakeBurstMs,
  handshakeCostMs,
  handshakeShareOfTime,
  helloBurstMs,
  helloCostMs,
  helloShareOfTime,
  retryMsMin,
} from '../limits.js';
import { HelloPace } from './hello-pace.js';

const perSecond = (1000 * helloShareOfTime) / helloCostMs;

/** HELLOs that are begun when this many per millisecond come for so long. */
function begunIn(
  pace: HelloPace,
  { fromMs = 0, ms, each, isKnown = true }: { fromMs?: number; ms: number; each: number; isKnown?: boolean },
): number {
  let begun = 0;
  for (let nowMs = fromMs; nowMs < fromMs + ms; nowMs++)
    for (let count = 0; count < each; count++) if (pace.handleHello(isKnown, nowMs) === 0) begun++;
  return begun;
}

describe('HELLOs that come faster than there is time for', () => {
  it('are begun as many as have their share of the time, and some at once', () => {
    const begun = begunIn(new HelloPace(() => 0.5, 0), { ms: 20_000, each: 3 });
    expect(begun).toBeLessThanOrEqual(20 * perSecond + helloBurstMs / helloCostMs);
    expect(begun).toBeGreaterThan(20 * perSecond);
  });

  it('of strangers leave room for those who are known', () => {
    const pace = new HelloPace(() => 0.5, 0);
    begunIn(pace, { ms: 5000, each: 3, isKnown: false });
    expect(pace.handleHello(false, 5000)).toBeGreaterThan(0);
    expect(begunIn(pace, { fromMs: 5000, ms: 1, each: 1000 })).toBeGreaterThanOrEqual(
      Math.floor(helloBurstMs / 2 / helloCostMs) - 1,
    );
  });

  it('are none while the event loop is late, and as many as before afterwards', () => {
    const pace = new HelloPace(() => 0.5, 0);
    let begun = 0;
    for (let nowMs = 0; nowMs < 5000; nowMs += 100) {
      pace.handleLag(500, nowMs);
      begun += begunIn(pace, { fromMs: nowMs, ms: 1, each: 10 });
    }
    expect(begun).toBe(0);
    expect(begunIn(pace, { fromMs: 5000, ms: 10_000, each: 3 })).toBeGreaterThan(8 * perSecond);
    pace.handleLag(15, 15_000);
    expect(begunIn(pace, { fromMs: 15_004, ms: 1, each: 1 })).toBe(1);
  });

  it('are told turns of their own, so that all come in who keep to them', () => {
    const [first] = seedsOf(process.env, 1);
    withReplayHint(first!, 'npm run unit -- apps/relay/src/quota/hello-pace', () => {
      const random = new SeededRandom(first!);
      const pace = new HelloPace(() => random.next(), 0);
      const dueMs = Array.from({ length: 3000 }, () => random.integer(1000));
      let refusals = 0;
      let lastMs = 0;
      for (let nowMs = 0; dueMs.length > 0; nowMs++) {
        for (let index = dueMs.length - 1; index >= 0; index--) {
          if (dueMs[index]! > nowMs) continue;
          const retryMs = pace.handleHello(true, nowMs);
          if (retryMs > 0) {
            refusals++;
            dueMs[index] = nowMs + retryMs;
          } else dueMs.splice(index, 1);
          lastMs = nowMs;
        }
      }
      // The time that all of them need, the spread of one turn, and a second.
      expect(lastMs).toBeLessThan((3000 / perSecond) * 1000 + 2 * retryMsMin + 1000);
      expect(refusals).toBeLessThan(2 * 3000);
    });
  });

  it('are never told to wait for longer than an agent does, nor for less than a second', () => {
    const random = new SeededRandom(1);
    const pace = new HelloPace(() => random.next(), 0);
    const told = Array.from({ length: 20_000 }, () => pace.handleHello(true, 0)).filter((ms) => ms > 0);
    expect(Math.max(...told)).toBeLessThanOrEqual(busyRetryMsMax + retryMsMin);
    expect(Math.min(...told)).toBeGreaterThanOrEqual(retryMsMin);
    expect(new Set(told.slice(-1000)).size).toBeGreaterThan(500);
  });
});

it('handshakes have a share of their own', () => {
  const pace = new HelloPace(() => 0.5, 0);
  let begun = 0;
  for (let nowMs = 0; nowMs < 10_000; nowMs++) if (pace.handleDialer(nowMs)) begun++;
  const most = (10_000 * handshakeShareOfTime + handshakeBurstMs) / handshakeCostMs;
  expect(begun).toBeLessThanOrEqual(most);
  expect(begun).toBeGreaterThan(most - 10);
  expect(pace.handleHello(true, 10_000)).toBe(0);
  expect(pace.isRested(10_000)).toBe(false);
  expect(pace.isRested(20_000)).toBe(true);
});
