import { SeededRandom, seedsOf, withReplayHint } from '@macula/testkit';
import { expect, it } from 'vitest';
import { deviationsMax, runRouting } from './command.js';
import { ownersOf } from './directory.js';

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

it('a relay that goes moves only the names that it owned', () => {
  const random = new SeededRandom(1);
  const salts = Uint32Array.from({ length: 20 }, () => random.uint32());
  for (let name = 0; name < 1_000; name++) {
    const element = random.bytes(16);
    const before = ownersOf(element, salts);
    expect(new Set(before).size).toBe(3);
    const after = ownersOf(element, salts.subarray(0, 19));
    expect(after.filter((owner) => before.includes(owner)).length).toBe(before.includes(19) ? 2 : 3);
  }
});
