import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Liveness } from './liveness.js';

let told: string[];
let liveness: Liveness;
/** Whether PINGs are answered, after how many milliseconds. */
let answersAfterMs: number | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  answersAfterMs = 10;
  liveness = new Liveness({
    onPing: (number) => {
      told.push('ping');
      if (answersAfterMs !== undefined) setTimeout(() => liveness.handlePong(number), answersAfterMs);
    },
    onDoubt: () => told.push('doubt'),
    onTrust: () => told.push('trust'),
    onLost: () => told.push('lost'),
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const pings = (): number => told.filter((what) => what === 'ping').length;

test('pings every 12 s while nothing is sent', () => {
  liveness.start();
  vi.advanceTimersByTime(119_999);
  expect(told).toEqual(Array(10).fill('ping'));
});

test('pings every second while something is sent, and within a second after it', () => {
  liveness.start();
  vi.advanceTimersByTime(2500);
  liveness.noteUse();
  vi.advanceTimersByTime(1);
  expect(pings()).toBe(2);
  for (let ms = 0; ms < 10_000; ms += 100) {
    liveness.noteUse();
    vi.advanceTimersByTime(100);
  }
  expect(pings()).toBe(12);
  vi.advanceTimersByTime(120_000);
  expect(pings()).toBe(12 + 1 + 9); // one for the last use
});

test('doubts a path 1 s after a PING without answer, trusts it with the answer, gives up after 10 s', () => {
  liveness.start();
  vi.advanceTimersByTime(1000);
  answersAfterMs = 1200;
  liveness.noteUse();
  vi.advanceTimersByTime(999);
  expect(told).toEqual(['ping', 'ping']);
  vi.advanceTimersByTime(1);
  expect(told.at(-1)).toBe('doubt');
  expect(liveness.isDoubted).toBe(true);
  vi.advanceTimersByTime(200);
  expect(told.at(-1)).toBe('trust');
  answersAfterMs = undefined;
  vi.advanceTimersByTime(20_000);
  expect(told.filter((what) => what !== 'ping')).toEqual(['doubt', 'trust', 'doubt', 'lost']);
  expect(pings()).toBeLessThan(16);
});

test('gives a path with long round trips four of them', () => {
  answersAfterMs = 700;
  liveness.start();
  vi.advanceTimersByTime(11_999);
  answersAfterMs = undefined;
  vi.advanceTimersByTime(1 + 2799);
  expect(told).not.toContain('doubt');
  vi.advanceTimersByTime(1);
  expect(told).toContain('doubt');
});

test('does not blame the path for a pause of its own process', () => {
  liveness.start();
  vi.advanceTimersByTime(100);
  answersAfterMs = undefined;
  liveness.noteUse();
  vi.advanceTimersByTime(1200); // a PING is on its way
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + 30_000);
  vi.advanceTimersByTime(900); // its timer comes 30 s late
  expect(told).toEqual(['ping', 'ping']);
  answersAfterMs = 10;
  liveness.handlePong(2);
  vi.advanceTimersByTime(3000);
  expect(told).toEqual(['ping', 'ping', 'ping']);
});

test('is silent once it is stopped, also by what a PING led to', () => {
  liveness.start();
  liveness.stop();
  liveness.noteUse();
  vi.advanceTimersByTime(60_000);
  expect(told).toEqual(['ping']);
  const other = new Liveness({
    onPing: () => other.stop(),
    onDoubt: () => told.push('doubt'),
    onTrust: () => undefined,
    onLost: () => told.push('lost'),
  });
  other.start();
  vi.advanceTimersByTime(60_000);
  expect(told).toEqual(['ping']);
  expect(vi.getTimerCount()).toBe(0);
});
