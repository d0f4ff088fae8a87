import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LostTail } from './lost-tail.js';

const idleMs = 30_000;
let pings: number[];
let tail: LostTail;
let rttMs: number;

let deadlineMs: number;
let heardAtMs: number;
let isHeldUp: boolean;

/** A turn now; a ping has one, too. */
function turn(deadlineInMs: number, heardMsAgo = 0): void {
  const nowMs = performance.now();
  deadlineMs = nowMs + deadlineInMs;
  heardAtMs = nowMs - heardMsAgo;
  tail.handleTurn({ nowMs, deadlineMs, heardAtMs, isHeldUp });
}

function ping(): void {
  pings.push(performance.now());
  tail.handleTurn({ nowMs: performance.now(), deadlineMs, heardAtMs, isHeldUp });
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  pings = [];
  rttMs = 1;
  isHeldUp = false;
  tail = new LostTail({ rttMs: () => rttMs, ping });
  // Nothing is under way, so the idle timeout shows.
  turn(idleMs);
});

afterEach(() => {
  tail.stop();
  vi.useRealTimers();
});

test('a timer of seconds for packets that are under way: pings after 200 ms, then after twice as long each time', () => {
  const startMs = performance.now();
  turn(7000);
  vi.advanceTimersByTime(6000);
  expect(pings.map((atMs) => Math.round((atMs - startMs) / 100))).toEqual([2, 6, 14, 30, 50]);
});

test('an answer starts anew, and an acknowledgement of everything ends it', () => {
  turn(7000);
  vi.advanceTimersByTime(700);
  expect(pings).toHaveLength(2);
  turn(7000);
  vi.advanceTimersByTime(250);
  expect(pings).toHaveLength(3);
  turn(idleMs);
  vi.advanceTimersByTime(25_000);
  expect(pings).toHaveLength(3);
});

test('two round trips of silence are waited for', () => {
  rttMs = 600;
  turn(7000);
  vi.advanceTimersByTime(1190);
  expect(pings).toHaveLength(0);
  vi.advanceTimersByTime(20);
  expect(pings).toHaveLength(1);
});

test('no pings while nothing is under way, however the idle timeout runs down, nor before a timer that is close', () => {
  for (let waitedMs = 0; waitedMs < 25_000; waitedMs += 1000) {
    turn(idleMs - waitedMs, waitedMs);
    vi.advanceTimersByTime(1000);
  }
  for (let count = 0; count < 10; count++) {
    turn(150);
    vi.advanceTimersByTime(150);
  }
  expect(pings).toHaveLength(0);
});

test('bytes that wait for room at the peer: pings after a second of silence', () => {
  isHeldUp = true;
  turn(idleMs);
  vi.advanceTimersByTime(990);
  expect(pings).toHaveLength(0);
  vi.advanceTimersByTime(20);
  expect(pings).toHaveLength(1);
  isHeldUp = false;
  turn(idleMs);
  vi.advanceTimersByTime(10_000);
  expect(pings).toHaveLength(1);
});

test('an idle timeout that was longer for a while: the pings end', () => {
  turn(45_000);
  for (let second = 0; second < 120; second++) {
    // Every ping is answered, and nothing is under way.
    turn(idleMs);
    vi.advanceTimersByTime(1000);
  }
  expect(pings.length).toBeLessThan(30);
  const before = pings.length;
  turn(idleMs);
  vi.advanceTimersByTime(20_000);
  expect(pings).toHaveLength(before);
});
