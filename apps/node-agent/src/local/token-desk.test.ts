import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TokenDesk } from './token-desk.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const token = new Uint8Array(32).fill(1);
const socket = () => ({ destroy: vi.fn() });
const handlers = () => ({ onSocket: vi.fn(), onExpired: vi.fn() });

test('either side may come first', () => {
  const desk = new TokenDesk<ReturnType<typeof socket>>();
  const [early, late] = [socket(), socket()];
  const [first, second] = [handlers(), handlers()];
  expect(desk.expect(token, first)).toBe(true);
  desk.show(token, early);
  expect(first.onSocket).toHaveBeenCalledWith(early);
  desk.show(token, late);
  vi.advanceTimersByTime(4999);
  expect(desk.expect(token, second)).toBe(true);
  expect(second.onSocket).toHaveBeenCalledWith(late);
  vi.advanceTimersByTime(60_000);
  expect(late.destroy).not.toHaveBeenCalled();
  expect(first.onExpired).not.toHaveBeenCalled();
});

test('each waits 5 s for the other', () => {
  const desk = new TokenDesk<ReturnType<typeof socket>>();
  const lonely = socket();
  const expected = handlers();
  desk.show(token, lonely);
  desk.expect(new Uint8Array(32).fill(2), expected);
  vi.advanceTimersByTime(5000);
  expect(lonely.destroy).toHaveBeenCalledOnce();
  expect(expected.onExpired).toHaveBeenCalledOnce();
  expect(desk.expectedCount).toBe(0);
});

test('one token, one socket and one connect', () => {
  const desk = new TokenDesk<ReturnType<typeof socket>>();
  const [one, two] = [socket(), socket()];
  desk.show(token, one);
  desk.show(token, two);
  expect(two.destroy).toHaveBeenCalledOnce();
  desk.forget(one);
  expect(desk.expect(token, handlers())).toBe(true);
  expect(desk.expect(token, handlers())).toBe(false);
});

test('close ends what waits', () => {
  const desk = new TokenDesk<ReturnType<typeof socket>>();
  const lonely = socket();
  const expected = handlers();
  desk.show(token, lonely);
  desk.expect(new Uint8Array(32).fill(2), expected);
  desk.close();
  expect(lonely.destroy).toHaveBeenCalledOnce();
  expect(expected.onExpired).toHaveBeenCalledOnce();
  expect(vi.getTimerCount()).toBe(0);
});
