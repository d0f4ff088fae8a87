import { expect, it } from 'vitest';
import { median, percentile } from './statistics.js';

it('percentiles are nearest ranks', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect([0, 1, 50, 99, 100].map((percent) => percentile(hundred, percent))).toEqual([1, 1, 50, 99, 100]);
  expect(median([3, 1, 2])).toBe(2);
  expect(median([])).toBeNaN();
});
