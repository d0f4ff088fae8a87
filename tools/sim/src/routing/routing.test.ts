import { SeededRandom, seedsOf, withReplayHint } from '@macula/testkit';
import { expect, it } from 'vitest';
import { deviationsMax, runRouting } from './command.js';
import { type DirectoryResult, runDirectory } from './directory.js';
import { EventQueue } from './event-queue.js';
import { World } from './world.js';

it('30 relays: followers hold what origins publish, filters deny nothing and are wrong as often as theory says', () => {
  for (const seed of seedsOf(process.env, 2)) {
    withReplayHint(seed, 'npm run unit -- tools/sim/src/routing', () => {
      const { filters } = runRouting({
        seed,
        relays: 30,
        namesPerRelay: 200,
        changesPerHour: 10,
        opensPerHour: 1,
        minutes: 2,
        lookups: 20_000,
        directoryNames: 300,
        loss: 0.05,
      });
      // Some 200 of 600,000 questions: four standard deviations are 28 %.
      expect(Math.abs(filters.falsePositivesOff)).toBeLessThan(deviationsMax);
      expect(filters.moreThanOneTry).toBeLessThan(0.01);
      expect(filters.reachable99Ms).toBeGreaterThan(100);
      expect(filters.reachable99Ms).toBeLessThan(1_000);
    });
  }
});

it('30 relays: with the directory every name is found where it is, others are not, and each relay keeps its share', () => {
  for (const seed of seedsOf(process.env, 2)) {
    withReplayHint(seed, 'npm run unit -- tools/sim/src/routing', () => {
      const { directory } = runRouting({
        seed,
        relays: 30,
        namesPerRelay: 100,
        changesPerHour: 10,
        opensPerHour: 60,
        minutes: 2,
        lookups: 5_000,
        directoryNames: 10_000,
        loss: 0.05,
      });
      expect(directory.simulatedNames).toBe(3_000);
      expect(directory.opens).toBe(6_000);
      // Records of 226 bytes, each name at three relays.
      expect(directory.tableBytes).toBe(3 * 100 * 226);
      expect(directory.fullest).toBeLessThan(1.3);
      // Owners know after 50 ms and a message.
      expect(directory.reachable99Ms).toBeGreaterThan(50);
      expect(directory.reachable99Ms).toBeLessThan(1_000);
      expect(directory.wrong / directory.opens).toBeLessThan(0.01);
      expect(directory.moreThanOneTry).toBeLessThan(0.001);
    });
  }
});

it('300 of 3,000 names stand for all: traffic and table come out as with all of them', () => {
  const run = { relays: 30, namesPerRelay: 100, changesPerHour: 20, opensPerHour: 12, minutes: 5 };
  const [all, some] = [3_000, 300].map((directoryNames) => {
    const options = { ...run, seed: 1, lookups: 100, loss: 0.05, directoryNames };
    return runDirectory(new World(options), options);
  }) as [DirectoryResult, DirectoryResult];
  expect(some.simulatedNames).toBe(300);
  expect(some.tableBytes).toBe(all.tableBytes);
  expect(some.fullest).toBe(all.fullest);
  for (const what of ['recordBytesPerMinute', 'lookupBytesPerMinute', 'checkBytesPerMinute'] as const) {
    expect(some[what] / all[what]).toBeGreaterThan(0.85);
    expect(some[what] / all[what]).toBeLessThan(1.15);
  }
});

it('things happen in order of time, and of putting in', () => {
  const random = new SeededRandom(1);
  const queue = new EventQueue<number>();
  const waiting: { readonly atMs: number; readonly event: number }[] = [];
  for (let event = 0; event < 3_000; event++) {
    if (random.chance(0.4)) {
      const next = queue.shift();
      const first = waiting.toSorted((one, other) => one.atMs - other.atMs)[0];
      expect(next && { atMs: next.atMs, event: next.event }).toEqual(first);
      if (first !== undefined) waiting.splice(waiting.indexOf(first), 1);
    }
    const atMs = random.integer(50);
    queue.push(atMs, event);
    waiting.push({ atMs, event });
    expect(queue.size).toBe(waiting.length);
    expect(queue.nextMs).toBe(Math.min(...waiting.map((one) => one.atMs)));
  }
});
