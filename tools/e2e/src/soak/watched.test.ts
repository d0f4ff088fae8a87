import { expect, test } from 'vitest';
import { UsageError } from '../arguments.js';
import { parseSoakArguments } from './arguments.js';
import { growth, Watched } from './watched.js';

test('growth is what the later rounds hold more than the earlier ones, once everything is warm', () => {
  const holdings = (megabytes: readonly number[]) =>
    megabytes.map((value) => ({ megabytes: value, descriptors: 20 }));
  expect(growth(holdings([10, 50, 60, 60, 60, 60]))).toBeUndefined();
  expect(growth(holdings([10, 50, 60, 60, 60, 61, 60, 61, 60]))).toEqual({ megabytes: 0, descriptors: 0 });
  expect(growth(holdings([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110]))).toEqual({
    megabytes: 30,
    descriptors: 0,
  });
});

test('a process that grows without end is complained of, another one and a replaced one are not', () => {
  const kept: Buffer[] = [];
  const watched = new Watched();
  for (let round = 0; round < 12; round++) {
    kept.push(Buffer.alloc(30_000_000, 1));
    watched.look('grows', process.pid);
    watched.look('still', process.ppid);
    watched.look('replaced', round % 2 === 0 ? process.pid : process.ppid);
  }
  expect(kept).toHaveLength(12);
  expect(watched.complaints()).toEqual([
    expect.stringMatching(/^grows holds \d+ MB more in the later half of 12/),
  ]);
  expect(watched.table()).toHaveLength(3);
});

test.each([
  [[], /--hours is missing/],
  [['--hours', 'long'], /--hours long: a number/],
  [['--hours', '1', '--driver', 'docker'], /a soak runs on local or netns/],
  [['--hours', '1', '--otp', 'x'], /a release is a number/],
  [['--hours', '1', '--seed', '0'], /--seed 0: a number from 1/],
])('%j is refused with its remedy', (args, message) => {
  expect(() => parseSoakArguments(args)).toThrow(UsageError);
  expect(() => parseSoakArguments(args)).toThrow(message);
});

test('the seed is taken, or made', () => {
  expect(parseSoakArguments(['--hours', '0.5', '--seed', '7'])).toMatchObject({ hours: 0.5, seed: 7 });
  expect(parseSoakArguments(['--', '--hours', '2']).seed).toBeGreaterThan(0);
});
